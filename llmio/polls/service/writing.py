"""Starting a poll and editing it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, text

from llmio.accounts.keys import new_key
from llmio.core import versions
from llmio.core.errors import Conflict, Invalid
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion
from llmio.discussions.service import tagging
from llmio.files import service as files
from llmio.groups.models import Group
from llmio.plugins.polls import PollType
from llmio.polls.models import Poll, PollOption, StanceChoice
from llmio.polls.rules import Place
from llmio.polls.service import opening
from llmio.polls.service.checking import check_input, check_votes, check_whole, known_type
from llmio.polls.service.counts import count_places, recount
from llmio.polls.service.voters import enrol_everyone
from llmio.polls.values import OptionInput, PollInput, poll_value, store_settings
from llmio.tasks import service as tasks

if TYPE_CHECKING:
    from llmio.core.context import Context

KEPT = ("title", "details", "details_format", "closing_at", "anonymous", "specified_voters_only", "stance_reason_required",
        "notify_on_closing_soon", "hide_results", "tags")  # fmt: skip
"""Columns whose changes are kept as versions."""
REBUILD = text("""
UPDATE stances s SET option_scores = coalesce(
  (SELECT jsonb_object_agg(c.poll_option_id, c.score) FROM stance_choices c WHERE c.stance_id = s.id), '{}'::jsonb)
WHERE s.poll_id = :poll_id AND s.option_scores ?| cast(:gone AS text[])
""")


def create_poll(
    ctx: Context,
    *,
    poll_type: str,
    values: PollInput,
    group: Group | None = None,
    discussion: Discussion | None = None,
    notify: bool = False,
    message: str = "",
) -> Poll:
    """Start a poll, in a thread or standing alone, and give all who may vote their place.

    With `notify` all of them are told, once it is open. Raises Invalid naming the fields that cannot be taken.
    """
    group = discussion.group if discussion else group
    ctx.require(Permission.POLL_CREATE, Place(group, discussion))
    kind = known_type(ctx, poll_type)
    values = check_input(ctx, kind, values)
    poll = Poll(
        key=new_key(),
        poll_type=poll_type,
        author_id=ctx.signed_in().id,
        group=group,
        group_id=group.id if group else None,
        discussion=discussion,
        discussion_id=discussion.id if discussion else None,
        custom_fields={},
        created_at=ctx.now,
        updated_at=ctx.now,
        options=[],
        opening=None,
        content_locale=ctx.signed_in().locale,
    )
    _fill(poll, kind, values)
    tagging.put(ctx, poll, values.tags or (), field="tags")
    _set_options(poll, values.options, [])
    ctx.db.add(poll)
    ctx.db.flush()
    check_whole(ctx, kind, poll)
    files.attach(ctx, poll, values.attachments or (), body=poll.details)
    tasks.keep(ctx, poll, poll.author_id)
    if not values.specified_voters_only:
        enrol_everyone(ctx, poll)
    recount(ctx, poll)
    opening.plan(ctx, poll, values, notify=notify, message=message)
    if poll.opening is None:
        opening.tell_of_new(ctx, poll, notify=notify, message=message)
    count_places(ctx, poll)
    ctx.changed(poll)
    return poll


def update_poll(
    ctx: Context,
    poll: Poll,
    *,
    values: PollInput,
    message: str = "",
    notify: bool | None = None,
    opened: datetime | None = None,
) -> Poll:
    """Edit an open poll or a draft. With a message the edit is told in the thread.

    `notify`: of a draft that nobody was told of, tell all who may vote once it opens; None leaves what was said before.
    `opened`: when the text was taken up to be changed; boxes that others ticked since stay as they are.
    """
    ctx.require(Permission.POLL_UPDATE, poll)
    kind = known_type(ctx, poll.poll_type)
    poll = opening.lock_with_opening(ctx, poll)
    if poll.closed_at is not None:
        raise Conflict(_("This poll closed meanwhile."))
    values = check_input(ctx, kind, values, poll)
    before = {name: getattr(poll, name) for name in KEPT} | {"poll_option_names": [one.name for one in poll.options]}
    settings = poll_value(ctx.app, poll).settings
    opened_to_all = poll.specified_voters_only and not values.specified_voters_only
    _fill(poll, kind, values)
    if values.tags is not None:
        tagging.put(ctx, poll, values.tags, field="tags")
    gone = _set_options(poll, values.options, list(poll.options))
    ctx.db.flush()
    check_whole(ctx, kind, poll)
    if values.attachments is None:
        files.keep_pictures(ctx, poll, poll.details)
    else:
        files.attach(ctx, poll, values.attachments, body=poll.details)
    tasks.keep(ctx, poll, poll.author_id, opened=opened)
    _drop_choices(ctx, poll, gone)
    check_votes(ctx, kind, poll, settings)
    if opened_to_all:
        enrol_everyone(ctx, poll)
    recount(ctx, poll)
    count_places(ctx, poll)
    after = {name: getattr(poll, name) for name in KEPT} | {"poll_option_names": [one.name for one in poll.options]}
    versions.record(ctx, poll, {name: (_plain(before[name]), _plain(after[name])) for name in before})
    poll.updated_at = ctx.now
    _plan_or_tell(ctx, poll, values, was_draft=before["closing_at"] is None, notify=notify, message=message)
    ctx.changed(poll)
    return poll


def _plan_or_tell(
    ctx: Context, poll: Poll, values: PollInput, *, was_draft: bool, notify: bool | None, message: str
) -> None:
    """Tell of an edit; not while an opening is planned, nor of a draft that nobody was told of before it opens."""
    wanted = notify if notify is not None else poll.opening is not None and poll.opening.notify
    opening.plan(ctx, poll, values, notify=notify, message=message)
    if poll.opening is not None:
        return
    if not was_draft or opening.is_told_of(ctx, poll):
        opening.tell_of_edit(ctx, poll, message=message)
    elif poll.closing_at is not None:
        opening.tell_of_new(ctx, poll, notify=wanted, message=message)


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


# -- writing -------------------------------------------------------------------------------------------------------------


def _fill(poll: Poll, kind: PollType, values: PollInput) -> None:
    for name in ("title", "details", "details_format", "closing_at", "anonymous", "hide_results", "stance_reason_required",
                 "limit_reason_length", "specified_voters_only", "notify_on_closing_soon"):  # fmt: skip
        setattr(poll, name, getattr(values, name))
    if values.opening_at is not None:
        poll.closing_at = None
    poll.reason_prompt = values.reason_prompt.strip() or None
    if values.time_zone:
        poll.custom_fields["time_zone"] = values.time_zone
    store_settings(poll, kind, values.settings)
    least = poll.minimum_stance_choices
    if least is not None and kind.options != "none":
        poll.minimum_stance_choices = min(least, len(values.options))


def _set_options(poll: Poll, wanted: Sequence[OptionInput], before: list[PollOption]) -> list[int]:
    """Make the options what was said, in that order; returns the ids of those that went."""
    known = {option.id: option for option in before}
    rows: list[PollOption] = []
    for place, one in enumerate(wanted):
        row = known.pop(one.id, None) if one.id is not None else None
        row = row or PollOption()
        row.name, row.priority = one.name, place
        row.meaning, row.prompt, row.icon = (
            one.meaning.strip() or None,
            one.prompt.strip() or None,
            one.icon.strip() or None,
        )
        row.test_operator, row.test_percent, row.test_against = one.test_operator, one.test_percent, one.test_against
        rows.append(row)
    poll.options[:] = rows
    return list(known)


def _drop_choices(ctx: Context, poll: Poll, gone: Sequence[int]) -> None:
    """Take removed options out of the votes; what was given to the others stays."""
    if gone:
        ctx.db.execute(delete(StanceChoice).where(StanceChoice.poll_option_id.in_(gone)))
        ctx.db.execute(REBUILD, {"poll_id": poll.id, "gone": [str(one) for one in gone]})


def input_of(ctx: Context, poll: Poll) -> PollInput:
    """What the author said, read back from a poll."""
    value = poll_value(ctx.app, poll)
    return PollInput(
        title=poll.title,
        details=poll.details or "",
        details_format=poll.details_format,
        options=[
            OptionInput(
                one.name,
                one.meaning or "",
                one.prompt or "",
                one.icon or "",
                one.id,
                one.test_operator,
                one.test_percent,
                one.test_against,
            )
            for one in poll.options
        ],
        settings=value.settings,
        closing_at=poll.opening.closing_at if poll.opening else poll.closing_at,
        opening_at=poll.opening.opening_at if poll.opening else None,
        anonymous=poll.anonymous,
        hide_results=poll.hide_results,
        stance_reason_required=poll.stance_reason_required,
        limit_reason_length=poll.limit_reason_length,
        reason_prompt=poll.reason_prompt or "",
        specified_voters_only=poll.specified_voters_only,
        notify_on_closing_soon=poll.notify_on_closing_soon,
        time_zone=str(poll.custom_fields.get("time_zone", "")),
        tags=tuple(poll.tags or ()),
    )


def known_place(ctx: Context, *, group_id: int | None = None, discussion_id: int | None = None) -> Place:
    """Group and thread by their ids, as a form names them; raises Invalid where there is none."""
    if discussion_id is not None:
        discussion = ctx.db.get(Discussion, discussion_id)
        if discussion is None or discussion.discarded_at is not None:
            raise Invalid.at("discussion_id", _("There is no such thread."))
        return Place(discussion.group, discussion)
    if group_id is not None:
        group = ctx.db.scalars(select(Group).where(Group.id == group_id, Group.archived_at.is_(None))).one_or_none()
        if group is None:
            raise Invalid.at("group_id", _("There is no such group."))
        return Place(group)
    return Place()
