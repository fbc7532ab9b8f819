"""Declared fields: what a poll type, a method or a notifier can be told becomes form control, validation, API field and docs at once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

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

    Of notifiers alone: a `url` begins with http:// or https:// and leads to no private network; a `secret` is never shown
    again and hidden in logs. `required` fields have to be filled in; a text or secret has to match the whole of `pattern`,
    else `mismatch` is said.
    """

    name: str
    kind: Literal["int", "bool", "choice", "text", "url", "secret"]
    label: object
    default: Any = None
    help: object = ""
    min: int | None = None
    max: int | None = None
    choices: tuple[tuple[str, object], ...] = ()
    group: Literal["ballot", "result"] = "ballot"
    required: bool = False
    pattern: str = ""
    mismatch: object = ""
    placeholder: str = ""

    def clean(self, raw: Any) -> Any:
        """The value of what came from a form or from JSON; raises FieldError."""
        if self.kind == "bool":
            return raw if isinstance(raw, bool) else str(raw or "").strip().lower() in TRUE
        text = "" if raw is None else str(raw).strip()
        if not text:
            if self.required and self.default is None:
                raise FieldError(self.name, _("Please fill this in."))
            return self.default
        if self.kind == "int":
            return self._number(text)
        if self.kind == "choice" and text not in {value for value, _label in self.choices}:
            raise FieldError(self.name, _("Please choose one of the options."))
        if self.max is not None and len(text) > self.max:
            raise FieldError(self.name, _("At most {count} characters, please.", count=self.max))
        if self.kind == "url" and not _is_address(text):
            raise FieldError(self.name, _("Please paste the whole address, beginning with https://."))
        if self.kind == "secret" and re.search(r"[^\x21-\x7e]", text):
            raise FieldError(self.name, _("A token has no spaces and no letters with accents. Please paste it again."))
        if self.pattern and not re.fullmatch(self.pattern, text):
            raise FieldError(self.name, self.mismatch or _("This is not written as it has to be."))
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


def _is_address(text: str) -> bool:
    """Whether it is the address of something on the web, written in full."""
    try:
        parts = urlsplit(text)
        named = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False
    return named and not re.search(r"[\s\x00-\x1f]", text)


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
ADDRESS = Field(
    "address",
    "url",
    _("Address"),
    required=True,
    max=2000,
    help=_(
        "Your chat gives it to you when you add an incoming webhook there. For Matrix it is that of the homeserver."
    ),
    placeholder="https://",
)
"""Where a notifier sends to, for those that are given the address of something on the web."""
