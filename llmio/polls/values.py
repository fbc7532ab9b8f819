"""Rows as values: a poll with its settings and options, as plugins see it; and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeVar

from llmio.plugins.fields import Field
from llmio.plugins.guard import guard
from llmio.plugins.polls import PALETTE, OptionValue, PollType, PollValue
from llmio.polls.models import Poll, PollOption

if TYPE_CHECKING:
    from llmio.core.app import App

T = TypeVar("T")


class HideResults(IntEnum):
    """When results are hidden, as `polls.hide_results` has it."""

    OFF = 0
    UNTIL_VOTE = 1
    UNTIL_CLOSED = 2


class Reason(IntEnum):
    """Whether a vote carries a reason, as `polls.stance_reason_required` has it."""

    DISABLED = 0
    OPTIONAL = 1
    REQUIRED = 2


class ClosingSoon(IntEnum):
    """Who is told a day before a poll closes, as `polls.notify_on_closing_soon` has it."""

    NOBODY = 0
    AUTHOR = 1
    UNDECIDED_VOTERS = 2
    VOTERS = 3


NULLABLE = frozenset(
    {
        "quorum_pct",
        "min_score",
        "max_score",
        "minimum_stance_choices",
        "maximum_stance_choices",
        "dots_per_person",
        "agree_target",
        "chart_type",
        "poll_option_name_format",
    }
)
"""Columns that hold NULL where a poll has its type's default."""
BOOLEAN = frozenset({"shuffle_options", "show_none_of_the_above"})
SIGNS = {"agree": "agree", "yes": "agree", "consent": "agree", "disagree": "disagree", "no": "disagree",
         "objection": "disagree", "abstain": "abstain", "block": "block"}  # fmt: skip
"""Names of options that have a sign even where none was stored."""


BEYOND = 2**31
"""No setting is as large."""


@dataclass(frozen=True)
class OptionInput:
    """An option as entered; with `id` it is one that the poll has already."""

    name: str
    meaning: str = ""
    prompt: str = ""
    icon: str = ""
    id: int | None = None
    test_operator: str | None = None
    test_percent: int | None = None
    test_against: str | None = None


@dataclass(frozen=True)
class PollInput:
    """What the author of a poll says; `settings` are the fields its type declares. Without `closing_at` it is a draft."""

    title: str
    details: str = ""
    details_format: str = "md"
    options: Sequence[OptionInput] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    closing_at: datetime | None = None
    opening_at: datetime | None = None
    """It stays a draft until then."""
    anonymous: bool = False
    hide_results: int = HideResults.OFF
    stance_reason_required: int = Reason.OPTIONAL
    limit_reason_length: bool = True
    reason_prompt: str = ""
    specified_voters_only: bool = False
    notify_on_closing_soon: int = ClosingSoon.UNDECIDED_VOTERS
    time_zone: str = ""
    tags: Sequence[str] | None = None
    """None leaves those that are there."""
    attachments: Sequence[int] | None = None
    """Ids of uploaded files; None leaves those that are there."""


def setting_of(poll: Poll, one: Field) -> Any:
    """A setting of a poll: its column, else what older versions kept in custom_fields, else the default of its type."""
    if one.name in NULLABLE | BOOLEAN:
        stored = getattr(poll, one.name)
        if stored is not None:
            return stored
    kept = _usable(one, (poll.custom_fields or {}).get(one.name))
    return one.default if kept is None else kept


def _usable(one: Field, kept: Any) -> Any:
    """What lies in custom_fields, as the field wants it: older sites kept numbers as text. None where it is something else."""
    if one.kind != "int":
        return kept if isinstance(kept, bool if one.kind == "bool" else str) else None
    if isinstance(kept, bool) or not isinstance(kept, (int, float, str)):
        return None
    try:
        number = int(kept)
    except ValueError:
        return None
    return number if abs(number) < BEYOND else None


def settings_of(poll: Poll, poll_type: PollType) -> dict[str, Any]:
    """A value for each field that the type declares."""
    return {one.name: setting_of(poll, one) for one in poll_type.settings}


def store_settings(poll: Poll, poll_type: PollType, values: Mapping[str, Any]) -> None:
    """Keep what was said, NULL where it is the type's default."""
    for one in poll_type.settings:
        value = values.get(one.name, one.default)
        if one.name in BOOLEAN:
            setattr(poll, one.name, bool(value))
        elif one.name in NULLABLE:
            setattr(poll, one.name, None if value == one.default else value)
        elif value is not None and value != one.default:
            poll.custom_fields[one.name] = value
            continue
        poll.custom_fields.pop(one.name, None)


GIVES: Mapping[str, Callable[[Any], bool]] = {
    "color": lambda given: isinstance(given, str),
    "method": lambda given: isinstance(given, str),
    "migrate_settings": lambda given: isinstance(given, Mapping),
}
"""What a type's methods must return."""


def asked(app: App, poll_type: PollType, what: str, otherwise: T, *given: Any) -> T:
    """What a type answers; `otherwise` where it breaks, so that a broken type does not hide its polls."""
    where = f"poll type {poll_type.key}: {what}"
    return guard(app.plugins, poll_type, where, getattr(poll_type, what), *given, fallback=otherwise, gives=GIVES[what])


def option_value(app: App, option: PollOption, poll_type: PollType, name_format: str = "plain") -> OptionValue:
    """An option, as plugins see it. In older polls (`i18n`) the name is the key of a preset."""
    sign = SIGNS.get(option.name.strip().lower(), "") if poll_type.options_have_icons else ""
    presets = {one.key: one for one in poll_type.presets} if name_format == "i18n" else {}
    preset = presets.get(option.name)
    value = OptionValue(
        option.id,
        str(preset.name) if preset else option.name,
        option.icon or sign,
        option.meaning or str(preset.meaning if preset else ""),
        option.prompt or str(preset.prompt if preset else ""),
        option.priority,
        name_format=name_format,
        test_operator=option.test_operator if poll_type.options_have_tests else None,  # type: ignore[arg-type]  # as stored
        test_percent=option.test_percent,
        test_against=option.test_against,  # type: ignore[arg-type]  # as stored
    )
    otherwise = PALETTE[option.priority % len(PALETTE)]
    return replace(value, color=asked(app, poll_type, "color", otherwise, value))


def poll_value(app: App, poll: Poll) -> PollValue:
    """A poll with its options (which must be loaded), as plugins see it."""
    poll_type = app.plugins.poll_type(poll.poll_type)
    stored = settings_of(poll, poll_type)
    settings = dict(asked(app, poll_type, "migrate_settings", stored, stored))
    return PollValue(
        key=poll.key,
        title=poll.title,
        options=tuple(
            option_value(app, option, poll_type, poll.poll_option_name_format or "plain") for option in poll.options
        ),
        settings=settings,
        voters_count=poll.voters_count,
        cast_count=poll.voters_count - poll.undecided_voters_count,
        anonymous=poll.anonymous,
        closed=poll.closed_at is not None,
        method=app.plugins.methods.get(asked(app, poll_type, "method", "", settings)),
        seed=poll.id or 0,
    )


def single_choice(value: PollValue) -> bool:
    """Whether a voter picks one option and nothing more, so that a link can do it."""
    return value.method is not None and value.method.ballot_kind == "choice"
