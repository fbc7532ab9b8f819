"""Declared fields: what a poll type or method can be told becomes form control, validation, API field and docs at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from llmio.core.i18n import _

TRUE = frozenset({"1", "true", "on", "yes"})


class FieldError(Exception):
    """A value that a field cannot take; `field` is its name, `message` is for the person who entered it."""

    def __init__(self, field: str, message: object) -> None:
        super().__init__(str(message))
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Field:
    """One thing that can be set.

    `min` and `max` bound a number, or the length of a text. `default` holds where nothing was entered; None means "as the
    poll type sees fit". `choices` are (value, label) pairs. `group` puts related fields together in a form.
    """

    name: str
    kind: Literal["int", "bool", "choice", "text"]
    label: object
    default: Any = None
    help: object = ""
    min: int | None = None
    max: int | None = None
    choices: tuple[tuple[str, object], ...] = ()
    group: Literal["ballot", "result"] = "ballot"

    def clean(self, raw: Any) -> Any:
        """The value of what came from a form or from JSON; raises FieldError."""
        if self.kind == "bool":
            return raw if isinstance(raw, bool) else str(raw or "").strip().lower() in TRUE
        text = "" if raw is None else str(raw).strip()
        if not text:
            return self.default
        if self.kind == "int":
            return self._number(text)
        if self.kind == "choice" and text not in {value for value, _label in self.choices}:
            raise FieldError(self.name, _("Please choose one of the options."))
        if self.max is not None and len(text) > self.max:
            raise FieldError(self.name, _("At most {count} characters, please.", count=self.max))
        return text

    def _number(self, text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            raise FieldError(self.name, _("Please give a whole number.")) from None
        if self.min is not None and number < self.min:
            raise FieldError(self.name, _("At least {count}, please.", count=self.min))
        if self.max is not None and number > self.max:
            raise FieldError(self.name, _("At most {count}, please.", count=self.max))
        return number


QUORUM = Field(
    "quorum_pct",
    "int",
    _("Quorum"),
    min=0,
    max=100,
    group="result",
    help=_("How many percent of those who may vote have to vote. Empty: no quorum."),
)
SHUFFLE = Field(
    "shuffle_options",
    "bool",
    _("Show the options in random order"),
    default=False,
    help=_("Each voter sees them in another order, so that the first is not favoured."),
)
NONE_OF_THE_ABOVE = Field(
    "show_none_of_the_above",
    "bool",
    _("Offer “none of the above”"),
    default=False,
    help=_("Voters can take part without choosing any option."),
)
