"""What forms of polls say, as clean values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field as Limits

from llmio.accounts.zones import Zone, zone_or_none
from llmio.core.errors import Invalid
from llmio.core.forms import Form, one_line, parse, seen
from llmio.core.i18n import _
from llmio.groups.pasted import read_addresses
from llmio.plugins.fields import FieldError
from llmio.plugins.polls import OptionPreset, PollType
from llmio.polls.calendar import MEETING
from llmio.polls.values import ClosingSoon, HideResults, OptionInput, PollInput, Reason

Format = Literal["md", "html"]
ROW = re.compile(r"option-(\d{1,4})-name\Z")
SPARE = 2
"""Empty rows below the options of a new poll."""


class PollForm(Form):
    """The part of the form that polls of every type share."""

    title: str = ""
    details: str = ""
    details_format: Format = "md"
    opens: Literal["now", "later"] = "now"
    opening_at: str = ""
    closing_at: str = ""
    time_zone: Zone = "UTC"
    anonymous: bool = False
    hide_results: Annotated[int, Limits(ge=0, le=2)] = HideResults.OFF
    stance_reason_required: Annotated[int, Limits(ge=0, le=2)] = Reason.OPTIONAL
    limit_reason_length: bool = False
    reason_prompt: Annotated[str, Limits(max_length=250)] = ""
    who: Literal["all", "chosen"] = "all"
    notify_on_closing_soon: Annotated[int, Limits(ge=0, le=3)] = ClosingSoon.UNDECIDED_VOTERS
    notify: bool = False
    message: Annotated[str, Limits(max_length=2000)] = ""
    attachments: list[int] = []
    tags: Annotated[str, Limits(max_length=2000)] = ""


class VoteForm(Form):
    """The reason of a vote; the ballot is read by the poll's type."""

    reason: str = ""
    reason_format: Format = "md"


class VotersForm(Form):
    """Who is asked to vote."""

    user_ids: list[int] = []
    everyone: bool = False
    emails: str = ""
    message: Annotated[str, Limits(max_length=2000)] = ""
    notify: bool = False

    @property
    def addresses(self) -> list[str]:
        """The addresses, however they were separated; raises Invalid."""
        return read_addresses(self.emails) if self.emails else []


class RemindForm(Form):
    """Who is reminded, and what is said to them."""

    user_ids: list[int] = []
    everyone: bool = False
    message: Annotated[str, Limits(max_length=2000)] = ""


class OutcomeForm(Form):
    """What was decided."""

    statement: str = ""
    statement_format: Format = "md"
    review_on: date | None = None
    poll_option_id: int | None = None
    event_summary: Annotated[str, Limits(max_length=250)] = ""
    event_location: Annotated[str, Limits(max_length=250)] = ""
    event_description: Annotated[str, Limits(max_length=2000)] = ""
    notify: bool = False
    attachments: list[int] = []

    def values(self) -> dict[str, Any]:
        """As the service takes it: what the calendar entry says apart."""
        given = self.model_dump()
        meeting = {name: given.pop(name) for name in MEETING}
        return {**given, "meeting": meeting}


class ShareForm(Form):
    """Whom an outcome is shared with."""

    who: Literal["chosen", "voters", "group"] = "chosen"
    user_ids: list[int] = []
    everyone: bool = False
    emails: Annotated[str, Limits(max_length=50_000)] = ""
    message: Annotated[str, Limits(max_length=2000)] = ""


class ReopenForm(Form):
    """Until when a poll is open again."""

    closing_at: str = ""
    time_zone: Zone = "UTC"
    call_off: bool = False


@dataclass(frozen=True)
class Entered:
    """A poll as entered: what becomes of it, and whom to tell."""

    values: PollInput
    notify: bool
    message: str


def moment(text: str, zone: str, field: str = "closing_at") -> datetime | None:
    """A local time of a zone in UTC; None where nothing was entered. A time that the clocks skip counts as the one after."""
    if not text:
        return None
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise Invalid.at(field, _("Please give a date and a time.")) from None
    try:
        return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        raise Invalid.at(field, _("Please give a date and a time.")) from None


def local(moment: datetime | None, zone: str) -> str:
    """A moment as a field for local time has it."""
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}" if moment else ""


def read_poll(kind: PollType, data: Mapping[str, Any]) -> Entered:
    """The form of a poll; raises Invalid with all faults, and with what was typed."""
    errors: dict[str, list[object]] = {}
    form = PollForm()
    times: dict[str, datetime | None] = {"opening_at": None, "closing_at": None}
    try:
        form = parse(PollForm, data)
    except Invalid as fault:
        errors.update(fault.errors)
    for name in times:
        try:
            times[name] = moment(getattr(form, name), form.time_zone, name)
        except Invalid as fault:
            errors.update(fault.errors)
    errors |= _check_opening(form, errors)
    if form.opens == "later" and form.opening_at and not form.closing_at and not errors:
        times["closing_at"] = _days_on(form, kind.days_open)
    settings: dict[str, Any] = {}
    for one in kind.settings:
        try:
            settings[one.name] = one.clean(data.get(one.name, "" if one.kind == "bool" else one.default))
        except FieldError as fault:
            errors[fault.field] = [fault.message]
    options = read_options(data)
    if errors:
        raise Invalid(_("Please check the marked fields."), errors)
    values = PollInput(
        title=form.title,
        details=form.details,
        details_format=form.details_format,
        options=[one for one in options if one.name],
        settings=settings,
        **times,
        anonymous=form.anonymous,
        hide_results=form.hide_results,
        stance_reason_required=form.stance_reason_required,
        limit_reason_length=form.limit_reason_length,
        reason_prompt=form.reason_prompt,
        specified_voters_only=form.who == "chosen",
        notify_on_closing_soon=form.notify_on_closing_soon,
        time_zone=form.time_zone,
        attachments=form.attachments,
        tags=form.tags.split(",") if "tags" in data else None,
    )
    return Entered(values, form.notify, form.message)


def _check_opening(form: PollForm, errors: Mapping[str, list[object]]) -> dict[str, list[object]]:
    """Faults of what was chosen with the time to open; a poll is never opened at once by mistake."""
    if form.opens == "later" and not form.opening_at:
        return {"opening_at": [_("Please give a date and a time.")]}
    if form.opens == "now" and form.opening_at and "opening_at" not in errors:
        return {"opens": [_("You gave a time to open: choose “At a time”, or empty that field.")]}
    return {}


def _days_on(form: PollForm, days: int) -> datetime | None:
    """So many days after the time to open, on the same clock."""
    opening = datetime.fromisoformat(form.opening_at).replace(tzinfo=None)
    try:
        return moment((opening + timedelta(days=days)).isoformat(), form.time_zone)
    except OverflowError:
        raise Invalid.at("opening_at", _("Please give a date and a time.")) from None


# -- options -------------------------------------------------------------------------------------------------------------


def read_options(data: Mapping[str, Any]) -> list[OptionInput]:
    """The rows of the options editor, in order; empty ones too."""
    rows = sorted(int(found.group(1)) for key in data if (found := ROW.match(key)))
    return [_option(data, f"option-{row}-") for row in rows]


def _option(data: Mapping[str, Any], row: str) -> OptionInput:
    def text(name: str) -> str:
        return str(seen(str(data.get(row + name, "")))).strip()

    known, percent = text("id"), text("test_percent")
    return OptionInput(
        name=str(one_line(text("name"))),
        meaning=text("meaning"),
        prompt=text("prompt"),
        icon=text("icon"),
        id=int(known) if known.isdecimal() and len(known) < 10 else None,
        test_operator=text("test_operator") or None,
        test_percent=int(percent) if percent.isdecimal() and len(percent) < 4 else None,
        test_against=text("test_against") or None,
    )


def changed_options(kind: PollType, options: Sequence[OptionInput], act: str) -> list[OptionInput]:
    """The rows after a press of one of the editor's buttons: `add`, `preset:<key>`, `up:2`, `down:2`, `remove:2`."""
    rows = list(options)
    verb, _colon, what = act.partition(":")
    if verb == "add":
        rows.append(OptionInput(""))
    elif verb == "preset":
        rows = [row for row in rows if row.name] + [preset_input(one) for one in kind.presets if one.key == what]
    elif what.isdecimal() and int(what) < len(rows):
        at = int(what)
        if verb == "remove":
            del rows[at]
        elif verb in ("up", "down"):
            to = max(0, min(len(rows) - 1, at - 1 if verb == "up" else at + 1))
            rows.insert(to, rows.pop(at))
    return rows


def preset_input(one: OptionPreset) -> OptionInput:
    """A ready-made option as a row."""
    return OptionInput(str(one.name), str(one.meaning), str(one.prompt), one.icon)


def first_options(kind: PollType) -> list[OptionInput]:
    """The rows that a new poll begins with."""
    if kind.options == "none":
        return []
    ready = [preset_input(one) for one in kind.presets if one.start]
    return ready or [OptionInput("")] * (max(kind.min_options, 1) + SPARE)


# -- forms filled again --------------------------------------------------------------------------------------------------


def fresh_values(kind: PollType, now: datetime, zone: str) -> dict[str, Any]:
    """What the form of a new poll starts with: open for as long as its type suggests, to the end of an hour."""
    zone = zone_or_none(zone) or "UTC"
    until = (now + timedelta(days=kind.days_open)).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    values = PollInput("", closing_at=until, time_zone=zone, options=first_options(kind))
    defaults = {one.name: one.default for one in kind.settings}
    return {**form_values(replace(values, settings=defaults)), "notify": True}


def form_values(values: PollInput) -> dict[str, Any]:
    """A poll as its form shows it."""
    zone = zone_or_none(values.time_zone) or "UTC"
    return {
        "title": values.title,
        "details": values.details,
        "details_format": values.details_format,
        "opens": "later" if values.opening_at else "now",
        "opening_at": local(values.opening_at, zone),
        "closing_at": local(values.closing_at, zone),
        "time_zone": zone,
        "anonymous": values.anonymous,
        "hide_results": int(values.hide_results),
        "stance_reason_required": int(values.stance_reason_required),
        "limit_reason_length": values.limit_reason_length,
        "reason_prompt": values.reason_prompt,
        "who": "chosen" if values.specified_voters_only else "all",
        "notify_on_closing_soon": int(values.notify_on_closing_soon),
        "options": list(values.options),
        "tags": ", ".join(values.tags or ()),
        **values.settings,
    }


def typed_values(data: Mapping[str, Any]) -> dict[str, Any]:
    """The form as it was typed, to be shown again with nothing lost."""
    return {**{key: value for key, value in data.items() if isinstance(value, str)}, "options": read_options(data)}
