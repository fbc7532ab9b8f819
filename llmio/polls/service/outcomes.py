"""Outcomes: what was decided, and when to look at it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from llmio.core import richtext, versions
from llmio.core.errors import Invalid
from llmio.core.events import Audience
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import service as files
from llmio.polls import kinds, queries
from llmio.polls.calendar import MEETING
from llmio.polls.models import Outcome, Poll
from llmio.polls.service.threads import place_below
from llmio.tasks import service as tasks
from llmio.tasks.lines import numbered

if TYPE_CHECKING:
    from llmio.core.context import Context


def _of_meeting(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name].strip() for name in MEETING if given.get(name, "").strip()}


def publish_outcome(
    ctx: Context,
    poll: Poll,
    *,
    statement: str,
    statement_format: str = "md",
    review_on: date | None = None,
    poll_option_id: int | None = None,
    meeting: Mapping[str, str] | None = None,
    notify: bool = False,
    attachments: Sequence[int] = (),
) -> Outcome:
    """Say what was decided; a former outcome stays as history. With `notify` all voters are told."""
    ctx.require(Permission.OUTCOME_CREATE, poll)
    text = _checked(ctx, poll, statement, statement_format, review_on, poll_option_id)
    ctx.db.execute(update(Outcome).where(Outcome.poll_id == poll.id, Outcome.latest.is_(True)).values(latest=False))
    outcome = Outcome(
        poll_id=poll.id,
        author_id=ctx.signed_in().id,
        statement=text,
        statement_format=statement_format,
        review_on=review_on,
        poll_option_id=poll_option_id,
        custom_fields=_of_meeting(meeting or {}),
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    ctx.db.add(outcome)
    ctx.db.flush()
    files.attach(ctx, outcome, attachments, body=text)
    tasks.keep(ctx, outcome, outcome.author_id)
    place, parent = place_below(ctx, poll)
    audience = Audience(voters_of(ctx, poll) if notify else ())
    ctx.publish(kinds.OUTCOME_CREATED, outcome, place=place, parent=parent, audience=audience)
    ctx.changed(outcome)
    return outcome


def update_outcome(
    ctx: Context,
    outcome: Outcome,
    *,
    statement: str,
    statement_format: str = "md",
    review_on: date | None = None,
    poll_option_id: int | None = None,
    meeting: Mapping[str, str] | None = None,
    notify: bool = False,
    attachments: Sequence[int] | None = None,
    opened: datetime | None = None,
) -> Outcome:
    """Edit an outcome. Its files are those of `attachments`, its words for calendars those of `meeting`; None leaves them.

    `opened`: when the text was taken up to be changed; boxes that others ticked since stay as they are.
    """
    poll = outcome.poll
    ctx.require(Permission.OUTCOME_UPDATE, outcome)
    moved = review_on != outcome.review_on
    text = _checked(ctx, poll, statement, statement_format, review_on if moved else None, poll_option_id)
    changes: dict[str, tuple[Any, Any]] = {
        "statement": (outcome.statement, text),
        "statement_format": (outcome.statement_format, statement_format),
        "review_on": (_iso(outcome.review_on), _iso(review_on)),
        "poll_option_id": (outcome.poll_option_id, poll_option_id),
    }
    if meeting is not None:
        kept = {name: value for name, value in outcome.custom_fields.items() if name not in MEETING}
        changes["custom_fields"] = (dict(outcome.custom_fields), kept | _of_meeting(meeting))
        outcome.custom_fields = kept | _of_meeting(meeting)
    outcome.statement, outcome.statement_format = text, statement_format
    outcome.review_on, outcome.poll_option_id = review_on, poll_option_id
    outcome.updated_at = ctx.now
    if attachments is None:
        files.keep_pictures(ctx, outcome, text)
    else:
        files.attach(ctx, outcome, attachments, body=text)
    tasks.keep(ctx, outcome, outcome.author_id, opened=opened)
    versions.record(ctx, outcome, changes)
    parent = queries.created_event(ctx, kinds.POLL_CREATED.name, "Poll", poll.id)
    audience = Audience(voters_of(ctx, poll) if notify else ())
    ctx.publish(kinds.OUTCOME_UPDATED, outcome, parent=parent, audience=audience)
    ctx.changed(outcome)
    return outcome


def announce_review(ctx: Context, outcome: Outcome) -> None:
    """Tell the author that the day to look at it again has come."""
    ctx.publish(kinds.OUTCOME_REVIEW_DUE, outcome, audience=Audience([outcome.author_id]), nobody=True)


def _checked(
    ctx: Context, poll: Poll, statement: str, statement_format: str, review_on: date | None, poll_option_id: int | None
) -> str:
    errors: dict[str, list[object]] = {}
    text = numbered(richtext.clean(statement, statement_format), statement_format)
    if not richtext.visible_length(text, statement_format):
        errors["statement"] = [_("Please say what was decided.")]
    elif len(text) > ctx.app.settings["text.max_length"]:
        errors["statement"] = [_("At most {count} characters, please.", count=ctx.app.settings["text.max_length"])]
    if review_on is not None and review_on < ctx.now.date():
        errors["review_on"] = [_("Please choose a day to come.")]
    if poll_option_id is not None and poll_option_id not in {option.id for option in queries.options(ctx, poll.id)}:
        errors["poll_option_id"] = [_("Please choose one of the options.")]
    if errors:
        raise Invalid(_("Please check the marked fields."), errors)
    return text


def voters_of(ctx: Context, poll: Poll) -> Sequence[int]:
    """All who could vote; those of a closed anonymous poll are known by its receipts alone."""
    if poll.anonymous and poll.closed_at is not None:
        return [row[0].id for row in queries.receipts(ctx, poll) if row[0].id != ctx.actor_id]
    return [user_id for user_id in queries.voter_ids(ctx, poll.id) if user_id != ctx.actor_id]


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
