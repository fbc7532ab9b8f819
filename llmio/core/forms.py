"""HTTP input → clean values: pydantic models, with messages written for people."""

from __future__ import annotations

import functools
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from sqlalchemy import inspect

from llmio.core.errors import Invalid
from llmio.core.i18n import _


class Form(BaseModel):
    """Base of every form: text is stripped, unknown fields are ignored, values are frozen."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", frozen=True, arbitrary_types_allowed=True)


UNSEEN = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u202d\u202e]")
"""Control characters but tab and line break (NUL is refused elsewhere), and overrides of direction."""
LINES = re.compile("[\t\r\n\x85\u2028\u2029]+")
OF_ONE_LINE = frozenset({"name", "title", "subject", "event_summary", "event_location"})
F = TypeVar("F", bound=Form)
View = Callable[[Any, Any], Any]


def parse(form: type[F], data: Mapping[str, Any]) -> F:
    """Clean values from posted data (a MultiDict or a JSON object).

    Fields of a list type take every value posted under their name (also as `name[]`); an empty text in an optional field that is not text
    counts as absent; an absent checkbox (bool field) is False. Raises Invalid with messages by field, and with the
    values as they were typed.
    """
    raw = _collect(form, data)
    try:
        return form.model_validate(raw)
    except ValidationError as error:
        errors: dict[str, list[object]] = {}
        for detail in error.errors():
            field = str(detail["loc"][0]) if detail["loc"] else ""
            errors.setdefault(field, []).append(message_for(detail))
        raise Invalid(_("Please check the marked fields."), errors, raw) from None


def _collect(form: type[Form], data: Mapping[str, Any]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    posted = hasattr(data, "getall")
    for name, info in form.model_fields.items():
        key = info.alias or name
        kinds = _kinds(info.annotation)
        if list in kinds or tuple in kinds:
            if posted:
                values = [*data.getall(key), *data.getall(f"{key}[]")]  # type: ignore[attr-defined]  # a MultiDict
                raw[key] = [seen(value) for value in values if value != ""]
            elif key in data:
                raw[key] = data[key]
            continue
        if key not in data:
            if bool in kinds and posted:
                raw[key] = False
            continue
        value = data[key] if "password" in key else one_line(data[key]) if key in OF_ONE_LINE else seen(data[key])
        if value == "" and str not in kinds and not info.is_required():
            continue
        raw[key] = value
    return raw


def seen(value: Any) -> Any:
    """A text without what nobody sees and programs obey: orders to terminals, and to turn the direction of all that follows."""
    return UNSEEN.sub("", value) if isinstance(value, str) else value


def one_line(value: Any) -> Any:
    """A text for a field that has one line in every browser."""
    return LINES.sub(" ", seen(value)) if isinstance(value, str) else value


def _kinds(annotation: Any) -> set[Any]:
    """The plain types in an annotation: `int | None` → {int, NoneType}; `list[int]` → {list}."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return _kinds(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return set().union(*(_kinds(part) for part in typing.get_args(annotation)))
    return {origin or annotation}


def message_for(detail: ErrorDetails) -> object:
    """What a person should read for a fault that pydantic found."""
    limits = detail.get("ctx") or {}
    kind = detail["type"]
    if kind == "value_error":
        return str(limits.get("error", detail["msg"]))
    if kind in ("missing", "string_too_short") or (detail.get("input") == "" and kind != "bool_parsing"):
        shortest = limits.get("min_length", 1)
        if kind == "string_too_short" and shortest > 1:
            return _("Please write at least {count} characters.", count=shortest)
        return _("Please fill this in.")
    texts: dict[str, object] = {
        "string_too_long": _("At most {count} characters, please.", count=limits.get("max_length", "")),
        "too_long": _("At most {count}, please.", count=limits.get("max_length", "")),
        "too_short": _("At least {count}, please.", count=limits.get("min_length", "")),
        "less_than_equal": _("At most {count}, please.", count=limits.get("le", "")),
        "greater_than_equal": _("At least {count}, please.", count=limits.get("ge", "")),
        "int_parsing": _("Please give a whole number."),
        "int_from_float": _("Please give a whole number."),
        "literal_error": _("Please choose one of the options."),
        "enum": _("Please choose one of the options."),
        "date_from_datetime_parsing": _("Please give a date such as 2027-01-31."),
        "datetime_from_date_parsing": _("Please give a date and a time."),
        "datetime_parsing": _("Please give a date and a time."),
    }
    return texts.get(kind, detail["msg"])


def form_view(again: Callable[[Any, Any], Mapping[str, Any]]) -> Callable[[View], View]:
    """For a view that takes a form: on Invalid, show the page of `again` with status 422, `errors` and `values`.

    `again` is the view that showed the form; both share one template. The 422 makes the transaction roll back. It is shown in
    a transaction of its own, to which what the address names (the context) moves: what of it was not loaded yet can be.
    """

    def decorate(view: View) -> View:
        @functools.wraps(view)
        def taking(context: Any, request: Any) -> Any:
            try:
                return view(context, request)
            except Invalid as fault:
                request.tm.abort()
                request.tm.begin()
                _take_along(context, request.dbsession)
                request.refused(fault)
                kept = {name: value for name, value in fault.values.items() if not hasattr(value, "filename")}
                typed = {**_words(request.POST), **kept}
                return {**again(context, request), "errors": fault.errors, "values": typed}

        return taking

    return decorate


def _words(posted: Any) -> dict[str, Any]:
    """What was typed: no form shows a file again, and none stands where a text belongs."""
    return {
        name: values if len(values) > 1 else values[0]
        for name, every in posted.dict_of_lists().items()
        if (values := [one for one in every if isinstance(one, str)])
    }


def _take_along(context: Any, session: Any) -> None:
    for record in context if isinstance(context, tuple) else (context,):
        state = inspect(record, raiseerr=False)
        if getattr(state, "detached", False):
            session.add(record)
