"""What belongs to an export of groups, as conditions on tables: nothing that is hidden from their admins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, or_, select, union

from llmio.polls.values import HideResults
from llmio.upkeep.service.records import table


class Selection:
    """Selects of the rows of some groups.

    Left out: discarded threads and polls; polls that are open and anonymous, or hide their results while they are open,
    with all that tells of their votes.
    """

    def __init__(self, group_ids: Sequence[int]) -> None:
        self.group_ids = list(group_ids)
        discussions, polls = table("discussions"), table("polls")
        self.discussions = select(discussions.c.id).where(
            discussions.c.group_id.in_(self.group_ids), discussions.c.discarded_at.is_(None)
        )
        here = or_(polls.c.group_id.in_(self.group_ids), polls.c.discussion_id.in_(self.discussions))
        told = polls.c.closed_at.is_not(None) | and_(
            polls.c.anonymous.is_(False), polls.c.hide_results != HideResults.UNTIL_CLOSED
        )
        kept = polls.c.discarded_at.is_(None)
        self.polls = select(polls.c.id).where(here, kept, told)
        self.secret_polls = select(polls.c.id).where(here, kept, ~told)
        self.comments = self._of("comments", "discussion_id", self.discussions)
        self.stances = self._of("stances", "poll_id", self.polls)
        self.outcomes = self._of("outcomes", "poll_id", self.polls)
        self.records = {
            "Discussion": self.discussions,
            "Comment": self.comments,
            "Poll": self.polls,
            "Stance": self.stances,
            "Outcome": self.outcomes,
        }

    @staticmethod
    def _of(name: str, column: str, ids: Select[Any]) -> Select[Any]:
        one = table(name)
        return select(one.c.id).where(one.c[column].in_(ids))

    def _about(self, name: str, kind: str, column: str, *, groups: bool = False) -> ColumnElement[bool]:
        one = table(name)
        wanted = [(one.c[kind] == record) & one.c[column].in_(ids) for record, ids in self.records.items()]
        if groups:
            wanted.append((one.c[kind] == "Group") & one.c[column].in_(self.group_ids))
        return or_(*wanted)

    def events(self) -> ColumnElement[bool]:
        """Items of the threads and events about their records; none that tells of a secret poll."""
        one = table("events")
        thread = one.c.discussion_id.in_(self.discussions) & one.c.eventable_type.not_in(("Poll", "Stance", "Outcome"))
        return thread | self._about("events", "eventable_type", "eventable_id", groups=True)

    def people(self) -> ScalarSelect[Any] | Any:
        """The ids of all whom a row names: members, authors, voters, readers."""
        named = [
            ("memberships", "user_id", table("memberships").c.group_id.in_(self.group_ids)),
            ("membership_requests", "requestor_id", table("membership_requests").c.group_id.in_(self.group_ids)),
            ("groups", "creator_id", table("groups").c.id.in_(self.group_ids)),
            ("discussions", "author_id", table("discussions").c.id.in_(self.discussions)),
            ("discussion_readers", "user_id", table("discussion_readers").c.discussion_id.in_(self.discussions)),
            ("comments", "user_id", table("comments").c.id.in_(self.comments)),
            ("polls", "author_id", table("polls").c.id.in_(self.polls)),
            ("stances", "participant_id", table("stances").c.id.in_(self.stances)),
            ("outcomes", "author_id", table("outcomes").c.id.in_(self.outcomes)),
            ("events", "user_id", self.events()),
        ]
        return union(*(select(table(name).c[column].label("id")).where(where) for name, column, where in named))

    def parts(self) -> Iterator[tuple[str, ColumnElement[bool]]]:
        """(table, condition) in the order of the reference's export."""
        people = self.people().subquery()
        yield "groups", table("groups").c.id.in_(self.group_ids)
        yield "users", table("users").c.id.in_(select(people.c.id))
        yield "events", self.events()
        yield "notifications", table("notifications").c.event_id.in_(select(table("events").c.id).where(self.events()))
        yield "reactions", self._about("reactions", "reactable_type", "reactable_id")
        for name in ("tags", "poll_templates", "discussion_templates", "memberships", "membership_requests"):
            yield name, table(name).c.group_id.in_(self.group_ids)
        yield "discussions", table("discussions").c.id.in_(self.discussions)
        yield "polls", table("polls").c.id.in_(self.polls)
        yield "poll_options", table("poll_options").c.poll_id.in_(self.polls)
        yield "outcomes", table("outcomes").c.poll_id.in_(self.polls)
        yield "stances", table("stances").c.poll_id.in_(self.polls)
        yield "stance_choices", table("stance_choices").c.stance_id.in_(self.stances)
        yield "stance_receipts", table("stance_receipts").c.poll_id.in_(self.polls)
        yield "discussion_readers", table("discussion_readers").c.discussion_id.in_(self.discussions)
        yield "comments", table("comments").c.id.in_(self.comments)

    def attachments(self) -> ColumnElement[bool]:
        """What is attached to any of it."""
        return self._about("active_storage_attachments", "record_type", "record_id", groups=True)
