"""What is entered in the fields that a notifier declares: read from a form or JSON, checked, shown, made a target."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from llmio.core.forms import seen
from llmio.core.i18n import _
from llmio.plugins import Field, FieldError, Notifier, Target
from llmio.plugins.guard import guard

if TYPE_CHECKING:
    from llmio.core.context import Context

Faults = dict[str, list[object]]


def read(
    ctx: Context,
    notifier: Notifier,
    data: Mapping[str, Any],
    *,
    before: Mapping[str, Any] | None = None,
    called: Callable[[str], str] = str,
    refuse: Callable[[str], object] = lambda _url: None,
) -> tuple[dict[str, Any], Faults]:
    """Clean values by field, and faults by the name that a field has in the form.

    `before`: what was entered last time; a secret that is left empty stays. `called`: the name of a field in the form.
    `refuse`: why an address must not be used, where it must not.
    """
    values: dict[str, Any] = {}
    faults: Faults = {}
    for one in notifier.fields:
        raw = seen(data.get(called(one.name)))
        if one.kind == "secret" and not str(raw or "").strip() and before and before.get(one.name):
            values[one.name] = before[one.name]
            continue
        try:
            values[one.name] = one.clean(raw)
        except FieldError as fault:
            faults[called(one.name)] = [fault.message]
            continue
        if one.kind == "url" and values[one.name] and (why := refuse(values[one.name])):
            faults[called(one.name)] = [why]
    if not faults:
        faults = _together(ctx, notifier, values, called)
    return values, faults


def _together(
    ctx: Context, notifier: Notifier, values: Mapping[str, Any], called: Callable[[str], str]
) -> dict[str, list[object]]:
    """Have the notifier check its values together; a check that breaks refuses, since nobody knows what it wanted."""
    broke = object()
    try:
        found: object = guard(
            ctx.app.plugins,
            notifier,
            f"notifiers.{notifier.key}.check",
            notifier.check,
            dict(values),
            fallback=broke,
            passes=(FieldError,),
            now=ctx.now,
        )
    except FieldError as fault:
        return {called(fault.field) if fault.field else "": [fault.message]}
    return (
        {"": [_("The plugin for this failed. The operator of this site sees what went wrong.")]}
        if found is broke
        else {}
    )


def target(values: Mapping[str, Any], name: str, address: str = "") -> Target:
    """Whom to send to; `address` where no field of that name says so."""
    options = {key: value for key, value in values.items() if key != "address"}
    return Target(str(values.get("address") or address), name, options)


def told(fields: tuple[Field, ...], values: Mapping[str, Any]) -> list[tuple[object, str]]:
    """(label, what was entered) of each field that is filled in; of a secret only that there is one."""
    return [
        (one.label, _words(one, values[one.name])) for one in fields if values.get(one.name) not in (None, "", False)
    ]


def _words(one: Field, value: Any) -> str:
    if one.kind == "secret":
        return str(_("is kept, and never shown"))
    if one.kind == "bool":
        return str(_("yes"))
    return str(dict(one.choices).get(value, value)) if one.kind == "choice" else str(value)
