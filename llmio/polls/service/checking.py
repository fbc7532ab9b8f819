"""What a poll may say: each field by itself, then the whole by its type."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmio.core import richtext
from llmio.core.errors import Invalid
from llmio.core.i18n import _, ngettext
from llmio.plugins.guard import guard
from llmio.plugins.polls import Ballot, BallotError, FieldError, PollType, PollValue
from llmio.polls.models import Poll
from llmio.polls.results import profiles
from llmio.polls.values import ClosingSoon, HideResults, OptionInput, PollInput, Reason, poll_value
from llmio.tasks.lines import numbered

if TYPE_CHECKING:
    from llmio.core.context import Context

LONGEST_TITLE = 250
LONGEST_NAME = 250
LONGEST_MEANING = 500
MOST_OPTIONS = 200


def known_type(ctx: Context, key: str) -> PollType:
    """The type of this name; raises Invalid where no plugin has it."""
    found = ctx.app.plugins.poll_types.get(key)
    if found is None:
        raise Invalid.at("poll_type", _("This kind of poll is not available."))
    return found


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
    _check_times(ctx, values, poll, errors)
    _check_common(kind, values, poll, errors)
    options = _check_options(kind, values.options, poll, errors)
    settings = _check_settings(kind, values, errors)
    if errors:
        raise Invalid(_("Please check the marked fields."), errors)
    return replace(values, title=title, details=details, options=options, settings=settings)


def _check_times(ctx: Context, values: PollInput, poll: Poll | None, errors: dict[str, list[object]]) -> None:
    opening, closing = values.opening_at, values.closing_at
    if closing is not None and closing <= ctx.now:
        errors["closing_at"] = [_("Please choose a time in the future.")]
    if opening is None:
        return
    if poll is not None and poll.closing_at is not None:
        errors["opening_at"] = [_("This poll is open already.")]
    elif opening <= ctx.now:
        errors["opening_at"] = [_("Please choose a time in the future.")]
    elif closing is None or closing <= opening:
        errors["closing_at"] = [_("Please choose a time after the poll opens.")]


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


def check_votes(ctx: Context, kind: PollType, poll: Poll, former: Mapping[str, Any]) -> None:
    """Refuse settings that votes which are cast do not fit, though they fitted the former ones; raises Invalid at what changed."""
    value = poll_value(ctx.app, poll)
    changed = [
        one.name
        for one in kind.settings
        if one.group == "ballot" and former.get(one.name) != value.settings.get(one.name)
    ]
    if not changed:
        return
    before = replace(value, settings=former)
    cast = profiles(ctx, [poll])[poll.id].ballots
    unfit = sum(
        weight for weight, ballot in cast if _fits(ctx, kind, ballot, before) and not _fits(ctx, kind, ballot, value)
    )
    if unfit:
        told = ngettext(
            "{count} vote that was cast does not go with this. Please start a new poll instead.",
            "{count} votes that were cast do not go with this. Please start a new poll instead.",
            unfit,
        )
        raise Invalid(_("Please check the marked fields."), {name: [told] for name in changed})


def _fits(ctx: Context, kind: PollType, ballot: Ballot, value: PollValue) -> bool:
    try:
        guard(
            ctx.app.plugins,
            kind,
            f"poll type {kind.key}: check",
            lambda: kind.check(ballot, value),
            fallback=None,
            passes=(BallotError,),
            now=ctx.now,
        )
    except BallotError:
        return False
    return True


def check_whole(ctx: Context, kind: PollType, poll: Poll) -> None:
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
