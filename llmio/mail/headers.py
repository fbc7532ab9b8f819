"""Headers as they travel: names that stay names, and what programs read left as it is.

The library writes a long name without its quotes, so that a comma in it makes two senders of one, and hides a word of more than 78
signs (a link to unsubscribe, a message id) in encoded words, which nobody reads there.
"""

from __future__ import annotations

import re
import textwrap
from email.header import Header
from email.headerregistry import AddressHeader
from email.policy import EmailPolicy
from email.utils import quote
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from email.headerregistry import Address

WIDTH = 78
QUOTED = 60
"""Longest name that stands in quotes; longer ones are folded as encoded words."""
ATOMS = re.compile(r"[A-Za-z0-9 !#$%&'*+/^_`{|}~-]*")
FOR_PROGRAMS = frozenset({"list-unsubscribe", "message-id", "in-reply-to", "references"})


class Lines(EmailPolicy):
    """Lines end with CRLF; only words for people are encoded."""

    def fold(self, name: str, value: Any) -> str:
        """One header."""
        if name.lower() in FOR_PROGRAMS and str(value).isascii():
            return _between_words(name, str(value)) + self.linesep
        if name.lower() == "subject" and str(value).isascii():
            return _between_words(name, str(value)) + self.linesep  # the library would leave the first line empty
        if isinstance(value, AddressHeader) and all(self.utf8 or one.addr_spec.isascii() for one in value.addresses):
            return _between_words(name, ", ".join(map(_address, value.addresses))) + self.linesep
        return super().fold(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """The same in bytes."""
        return self.fold(name, value).encode("utf-8" if self.utf8 else "ascii", "surrogateescape")


def _between_words(name: str, text: str) -> str:
    if not text.strip():
        return f"{name}: "  # of nothing at all an empty line would come, which ends the headers
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=f"{name}: ",
        subsequent_indent=" ",
        break_long_words=False,
        break_on_hyphens=False,
    ).replace("\n", "\r\n")


def _address(one: Address) -> str:
    name = one.display_name
    if not name:
        return one.addr_spec
    if not name.isascii() or len(name) > QUOTED or "=?" in name:
        return f"{Header(name, 'utf-8').encode(maxlinelen=WIDTH - 3)} <{one.addr_spec}>"
    return f"{name} <{one.addr_spec}>" if ATOMS.fullmatch(name) else f'"{quote(name)}" <{one.addr_spec}>'
