"""The stage: people act one after another, each at their time, through the same services as everyone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from llmio.accounts import service as accounts
from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core.context import Context
from llmio.demo.people import Person
from llmio.discussions import service as discussions
from llmio.discussions.models import Comment, Discussion
from llmio.groups import membership as memberships
from llmio.groups import service as groups
from llmio.groups.forms import GroupForm
from llmio.groups.models import DEMO, Group
from llmio.plugins import Ballot
from llmio.polls import service as polls
from llmio.polls.models import Poll
from llmio.polls.values import OptionInput, PollInput

if TYPE_CHECKING:
    from collections.abc import Sequence


class Stage:
    """People by key, and the acts they can do. Times are given as days (and hours) before now; after now if negative."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.start = ctx.now
        self.people: dict[str, User] = {}

    def ago(self, days: float) -> datetime:
        """The moment so many days ago."""
        return self.start - timedelta(days=days)

    @contextmanager
    def acting(self, who: str, days: float) -> Iterator[Context]:
        """A context in which a person acts at a moment."""
        ctx = Context(self.ctx.app, self.ctx.db, self.ctx.tm, identity_of(self.people[who]), self.ago(days))
        yield ctx
        self.ctx.db.flush()

    def arrive(self, person: Person, days: float) -> None:
        """Someone makes an account."""
        ctx = Context(self.ctx.app, self.ctx.db, self.ctx.tm, None, self.ago(days))
        user = accounts.create_user(ctx, email=f"{person.key}@bakery.example", name=person.name)
        user.time_zone, user.short_bio = person.time_zone, person.bio
        self.people[person.key] = user

    def start_group(self, who: str, days: float, form: GroupForm) -> Group:
        """Someone starts a group."""
        with self.acting(who, days) as ctx:
            ctx.actor = ctx.actor and identity_of(self.people[who])
            group = groups.create_group(ctx, form)
            group.info[DEMO] = True
            return group

    def join(self, group: Group, inviter: str, keys: Sequence[str], days: float) -> None:
        """Someone invites people, and they accept."""
        with self.acting(inviter, days) as ctx:
            made = memberships.invite_users(ctx, group, [self.people[key] for key in keys])
        by_user = {row.user_id: row for row in made}
        for key in keys:
            with self.acting(key, days - 0.4) as ctx:
                memberships.accept(ctx, by_user[self.people[key].id])

    def thread(self, who: str, group: Group, days: float, title: str, text: str) -> Discussion:
        """Someone starts a thread."""
        with self.acting(who, days) as ctx:
            return discussions.start_discussion(ctx, group, title=title, description=text)

    def say(
        self,
        who: str,
        thread: Discussion,
        days: float,
        text: str,
        *,
        to: Comment | None = None,
        liked: Mapping[str, str] | None = None,
    ) -> Comment:
        """Someone comments, or answers a comment; others react (person → emoji)."""
        with self.acting(who, days) as ctx:
            parent = ("Comment", to.id) if to else None
            comment = discussions.add_comment(ctx, thread, body=text, parent=parent)
        for fan, emoji in (liked or {}).items():
            with self.acting(fan, days - 0.05) as ctx:
                discussions.react(ctx, "Comment", comment.id, emoji=emoji)
        return comment

    def poll(
        self,
        who: str,
        days: float,
        kind: str,
        title: str,
        options: Sequence[tuple[str, str, str]],
        *,
        closes: float,
        group: Group | None = None,
        thread: Discussion | None = None,
        details: str = "",
        **how: Any,
    ) -> Poll:
        """Someone starts a poll; options are (name, meaning, icon). `closes` in days ago like all times."""
        values = PollInput(
            title=title,
            details=details,
            options=[OptionInput(name, meaning=meaning, icon=icon) for name, meaning, icon in options],
            closing_at=max(self.ago(closes), self.start + timedelta(hours=1)) if closes < 0 else self.ago(closes),
            **how,
        )
        with self.acting(who, days) as ctx:
            return polls.create_poll(ctx, poll_type=kind, values=values, group=group, discussion=thread)

    def vote(self, who: str, poll: Poll, days: float, scores: Mapping[str, int], reason: str = "") -> None:
        """Someone votes; scores by the names of options."""
        ids = {option.name: option.id for option in poll.options}
        with self.acting(who, days) as ctx:
            ballot = Ballot({ids[name]: score for name, score in scores.items()})
            polls.cast_vote(ctx, poll, ballot=ballot, reason=reason or None)

    def close(self, who: str, poll: Poll, days: float, outcome: str, **how: Any) -> None:
        """Someone closes a poll and publishes its outcome."""
        with self.acting(who, days) as ctx:
            polls.close_poll(ctx, poll)
        with self.acting(who, days - 0.1) as ctx:
            polls.publish_outcome(ctx, poll, statement=outcome, **how)
