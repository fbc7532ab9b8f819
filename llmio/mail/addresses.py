"""Addresses of mails: who they come from, and nothing in them that could become a header."""

from __future__ import annotations

import re
from email.headerregistry import Address
from typing import TYPE_CHECKING

from llmio.core.i18n import _

if TYPE_CHECKING:
    from llmio.core.settings import Settings

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069\ufeff]+")
"""What makes words run backwards, so that a name or a subject passes for another one, and what nobody sees."""
LONGEST_NAME = 100
BAD_ADDRESS = re.compile(r"[\s<>,;:()\"\\\x00-\x1f\x7f]")


def one_line(text: object, length: int = 500) -> str:
    """A text for a header: no line breaks, no control characters, none that turn its direction, not endless."""
    return " ".join(CONTROL.sub(" ", TURNING.sub("", str(text))).split())[:length]


def host_of(settings: Settings) -> str:
    """The name of this site's machine towards mail servers, and in message ids."""
    return settings.text("mail.domain") or settings.text("site.host") or "localhost"


def from_address(settings: Settings) -> str:
    """The address that all mail comes from."""
    return settings.text("mail.from") or f"notifications@{host_of(settings)}"


def sender_of(settings: Settings, name: str = "") -> tuple[str, str]:
    """The sender as (name, address): the site, or a person via the site."""
    site = settings.text("site.name")
    shown = one_line(name, LONGEST_NAME)
    words = str(_("{name} via {site}", name=shown, site=site)) if shown else site
    return one_line(words), from_address(settings)


def header_address(pair: tuple[str, str]) -> Address:
    """(name, address) as a header value; ValueError for what is no address."""
    name, address = pair
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or BAD_ADDRESS.search(address):
        raise ValueError(f"{address!r} is no address")
    return Address(one_line(name, 2 * LONGEST_NAME), username=local, domain=domain)


def message_id(settings: Settings, local: str) -> str:
    """A message id that is the same each time, so that a mail sent twice shows once."""
    return f"<{re.sub(r'[^A-Za-z0-9.+_-]', '-', local)}@{host_of(settings)}>"
