"""Starting a poll and editing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, text

from llmio.accounts.keys import new_key
from llmio.core import richtext, versions
from llmio.core.errors import Conflict, Invalid
from llmio.core.events import Audience
from llmio.core.i18n import _, ngettext
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion
from llmio.discussions.service import tagging
from llmio.files import service as files
from llmio.groups.models import Group
from llmio.plugins.guard import guard
from llmio.plugins.polls import FieldError, PollType
from llmio.polls import kinds
from llmio.polls.models import Poll, PollOption, StanceChoice
from llmio.polls.rules import Place
from llmio.polls.service.counts import count_places, lock, recount
from llmio.polls.service.threads import place_below, place_of_poll
from llmio.polls.service.voters import enrol_everyone
from llmio.polls.values import ClosingSoon, HideResults, OptionInput, PollInput, Reason, poll_value, store_settings
from llmio.tasks import service as tasks
from llmio.tasks.lines import numbered

if TYPE_CHECKING:
    from llmio.core.context import Context

LONGEST_TITLE = 250
LONGEST_NAME = 250
LONGEST_MEANING = 500
MOST_OPTIONS = 200
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

    With `notify` all of them are told. Raises Invalid naming the fields that cannot be taken.
    """
    group = discussion.group if discussion else group
    ctx.require(Permission.POLL_CREATE, Place(group, discussion))
    kind = _known(ctx, poll_type)
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
        content_locale=ctx.signed_in().locale,
    )
    _fill(poll, kind, values)
    tagging.put(ctx, poll, values.tags or (), field="tags")
    _set_options(poll, values.options, [])
    ctx.db.add(poll)
    ctx.db.flush()
    _check_whole(ctx, kind, poll)
    files.attach(ctx, poll, values.attachments or (), body=poll.details)
    tasks.keep(ctx, poll, poll.author_id)
    new = [] if values.specified_voters_only else enrol_everyone(ctx, poll)
    recount(ctx, poll)
    told = [user_id for user_id in new if user_id != ctx.actor_id] if notify else []
    audience = Audience(told, message=message.strip() or None, name="group" if told and group else None)
    ctx.publish(kinds.POLL_CREATED, poll, place=place_of_poll(ctx, discussion), audience=audience)
    count_places(ctx, poll)
    ctx.changed(poll)
    return poll


def update_poll(
    ctx: Context, poll: Poll, *, values: PollInput, message: str = "", opened: datetime | None = None
) -> Poll:
    """Edit an open poll. With a message the edit is told in the thread.

    `opened`: when the text was taken up to be changed; boxes that others ticked since stay as they are.
    """
    ctx.require(Permission.POLL_UPDATE, poll)
    kind = _known(ctx, poll.poll_type)
    poll = lock(ctx, poll)
    if poll.closed_at is not None:
        raise Conflict(_("This poll closed meanwhile."))
    values = check_input(ctx, kind, values, poll)
    before = {name: getattr(poll, name) for name in KEPT} | {"poll_option_names": [one.name for one in poll.options]}
    opened_to_all = poll.specified_voters_only and not values.specified_voters_only
    _fill(poll, kind, values)
    if values.tags is not None:
        tagging.put(ctx, poll, values.tags, field="tags")
    gone = _set_options(poll, values.options, list(poll.options))
    ctx.db.flush()
    _check_whole(ctx, kind, poll)
    if values.attachments is None:
        files.keep_pictures(ctx, poll, poll.details)
    else:
        files.attach(ctx, poll, values.attachments, body=poll.details)
    tasks.keep(ctx, poll, poll.author_id, opened=opened)
    _drop_choices(ctx, poll, gone)
    if opened_to_all:
        enrol_everyone(ctx, poll)
    recount(ctx, poll)
    count_places(ctx, poll)
    after = {name: getattr(poll, name) for name in KEPT} | {"poll_option_names": [one.name for one in poll.options]}
    versions.record(ctx, poll, {name: (_plain(before[name]), _plain(after[name])) for name in before})
    poll.updated_at = ctx.now
    place, parent = place_below(ctx, poll) if message.strip() else (None, None)
    ctx.publish(kinds.POLL_EDITED, poll, place=place, parent=parent, audience=Audience(message=message.strip() or None))
    ctx.changed(poll)
    return poll


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _known(ctx: Context, key: str) -> PollType:
    found = ctx.app.plugins.poll_types.get(key)
    if found is None:
        raise Invalid.at("poll_type", _("This kind of poll is not available."))
    return found


# -- checks --------------------------------------------------------------------------------------------------------------


def check_input(ctx: Context, kind: PollType, values: PollInput, poll: Poll | None = None) -> PollInput:
    """What was said, cleaned; raises Invalid with all that cannot be taken at once."""
    errors: dict[str, list[object]] = {}
    title = values.title.strip()
    if not title:
        errors["title"] = [_("Please say what this is about.")]
    elif len(title) > LONGEST_TITLE:
        errors["title"] = [_("At most {count} characters, please.", count=LONGEST_TITLE)]
    details = numbered(richtext.clean(values.details, values.details_format), values.details_format)
    if len(details) > ctx.app.settings["text.max_length"]:
        errors["details"] = [_("At most {count} characters, please.", count=ctx.app.settings["text.max_length"])]
    if values.closing_at is not None and values.closing_at <= ctx.now:
        errors["closing_at"] = [_("Please choose a time in the future.")]
    _check_common(kind, values, poll, errors)
    options = _check_options(kind, values.options, poll, errors)
    settings = _check_settings(kind, values, errors)
    if errors:
        raise Invalid(_("Please check the marked fields."), errors)
    return replace(values, title=title, details=details, options=options, settings=settings)


def _check_common(kind: PollType, values: PollInput, poll: Poll | None, errors: dict[str, list[object]]) -> None:
    for name, choices in (
        ("hide_results", HideResults), ("stance_reason_required", Reason), ("notify_on_closing_soon", ClosingSoon),
    ):  # fmt: skip
        if getattr(values, name) not in list(choices):
            errors[name] = [_("Please choose one of the options.")]
    if values.anonymous and not kind.may_be_anonymous:
        errors["anonymous"] = [_("Votes of this kind cannot be anonymous.")]
    if poll is None:
        return
    if poll.anonymous and not values.anonymous:
        errors["anonymous"] = [_("Voters were promised that their votes stay anonymous. This cannot be undone.")]
    if poll.hide_results == HideResults.UNTIL_CLOSED != values.hide_results:
        errors["hide_results"] = [
            _("Voters were promised that results stay hidden until the end. This cannot be undone.")
        ]


def _check_options(
    kind: PollType, options: Sequence[OptionInput], poll: Poll | None, errors: dict[str, list[object]]
) -> list[OptionInput]:
    kept = [replace(one, name=one.name.strip()) for one in options if one.name.strip()]
    if kind.options == "none":
        return []
    known = {option.id for option in poll.options} if poll else set()
    if len(kept) < kind.min_options:
        errors["options"] = [
            ngettext("Please give at least {count} option.", "Please give at least {count} options.", kind.min_options)
        ]
    elif len(kept) > MOST_OPTIONS:
        errors["options"] = [_("At most {count} options, please.", count=MOST_OPTIONS)]
    elif any(len(one.name) > LONGEST_NAME or max(len(one.meaning), len(one.prompt)) > LONGEST_MEANING for one in kept):
        errors["options"] = [
            _(
                "An option may have {name} characters, its meaning and prompt {meaning}.",
                name=LONGEST_NAME,
                meaning=LONGEST_MEANING,
            )
        ]
    elif any(one.id is not None and one.id not in known for one in kept):
        errors["options"] = [_("One of these options is no longer part of this poll. Please look again.")]
    return [_with_test(one) if kind.options_have_tests else replace(one, test_operator=None) for one in kept]


def _with_test(one: OptionInput) -> OptionInput:
    """The option with its requirement made whole, or with none."""
    if one.test_operator not in ("gte", "lte") or one.test_percent is None:
        return replace(one, test_operator=None, test_percent=None, test_against=None)
    against = one.test_against if one.test_against in ("score_percent", "voter_percent") else "score_percent"
    return replace(one, test_percent=max(0, min(100, one.test_percent)), test_against=against)


def _check_settings(kind: PollType, values: PollInput, errors: dict[str, list[object]]) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    for one in kind.settings:
        try:
            clean[one.name] = one.clean(values.settings.get(one.name, one.default))
        except FieldError as fault:
            errors.setdefault(fault.field, []).append(fault.message)
    unknown = set(values.settings) - {one.name for one in kind.settings}
    if unknown:
        errors.setdefault("", []).append(_("This kind of poll has no setting {name}.", name=min(unknown)))
    return clean


def _check_whole(ctx: Context, kind: PollType, poll: Poll) -> None:
    """Have the type check settings and options together; raises Invalid."""
    value = poll_value(ctx.app, poll)
    try:
        guard(
            ctx.app.plugins,
            kind,
            f"poll type {kind.key}: check_poll",
            kind.check_poll,
            value,
            fallback=None,
            passes=(FieldError,),
            now=ctx.now,
        )
    except FieldError as fault:
        raise Invalid.at(fault.field, fault.message) from None


# -- writing -------------------------------------------------------------------------------------------------------------


def _fill(poll: Poll, kind: PollType, values: PollInput) -> None:
    for name in ("title", "details", "details_format", "closing_at", "anonymous", "hide_results", "stance_reason_required",
                 "limit_reason_length", "specified_voters_only", "notify_on_closing_soon"):  # fmt: skip
        setattr(poll, name, getattr(values, name))
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
        closing_at=poll.closing_at,
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
