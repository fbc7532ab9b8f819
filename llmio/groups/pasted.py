"""Lists of e-mail addresses as people paste them: from a mail, a list or a table."""

from __future__ import annotations

import re
from typing import Final

from email_validator import EmailNotValidError, validate_email

from llmio.core.errors import Invalid
from llmio.core.i18n import _, ngettext

BRACKETED: Final = re.compile(r"<([^<>\s]*@[^<>\s]*)>")
ONE_PERSON: Final = re.compile(r"[^,@<>]+,[^,@<>]+<[^<>\s]*@[^<>\s]*>")
"""`Surname, Name <address>`, as mail programs write it."""
ASIDE: Final = re.compile(r"\([^()]*\)")
MOST_NAMED: Final = 10
MOST_ASKED: Final = 200
"""People at once, into a thread or a poll."""


def read_addresses(text: str, *, at_most: int = MOST_ASKED) -> list[str]:
    """The addresses in a pasted text: in small letters, each once, in order.

    Names beside addresses are understood. Raises Invalid at `emails`, naming what is neither, so that nobody is left out silently.
    """
    good: dict[str, None] = {}
    bad: list[str] = []
    for entry in _entries(text):
        addresses, rest = _in_entry(entry)
        for address in addresses:
            try:
                good[validate_email(address, check_deliverability=False).normalized.lower()] = None
            except EmailNotValidError:
                bad.append(address)
        bad += [rest] if rest else []
    if bad or not good:
        raise Invalid.at("emails", _not_understood(bad or [text.strip()]))
    if len(good) > at_most:
        raise Invalid.at("emails", _("At most {count} addresses at once, please.", count=at_most))
    return list(good)


def _not_understood(bad: list[str]) -> str:
    named = ", ".join(f"“{one[:80]}”" for one in bad[:MOST_NAMED])
    if len(bad) <= MOST_NAMED:
        text = ngettext(
            "{list} was not understood: it is no e-mail address. Nothing was sent yet.",
            "{list} were not understood: they are no e-mail addresses. Nothing was sent yet.",
            len(bad),
            list=named,
        )
        return str(text)
    more = len(bad) - MOST_NAMED
    return str(_("{list} and {more} more were not understood. Nothing was sent yet.", list=named, more=more))


def _entries(text: str) -> list[str]:
    """The parts of a text that each stand for somebody: rows of a table whole, else what separators divide."""
    quoted = re.sub(r'"([^"\n]*)"', lambda found: re.sub(r"[,;\t]", " ", found[1]), text)
    rows = [row for row in quoted.splitlines() if row.strip()]
    if _is_table(rows):
        return rows if "@" in rows[0] else rows[1:]
    found: list[str] = []
    for part in (part.strip() for row in rows for part in row.split(";")):
        found += [part] if ONE_PERSON.fullmatch(part) else re.split(r"[,\t]", part)
    return [part.strip() for part in found if part.strip()]


def _is_table(rows: list[str]) -> bool:
    """Whether all rows have as many cells, with one address each; the first may be the heading."""
    widths = {len(re.split(r"[,;\t]", row)) for row in rows}
    return len(rows) > 1 and len(widths) == 1 and widths != {1} and all(row.count("@") == 1 for row in rows[1:])


def _in_entry(entry: str) -> tuple[list[str], str]:
    """The addresses of an entry, and what stands there that is neither an address nor the name before one."""
    bracketed = BRACKETED.findall(entry)
    if bracketed:
        return bracketed, ""
    words = [word.strip("\"'()[],;:<>").rstrip(".") for word in re.split(r"[\s,;]+", ASIDE.sub(" ", entry))]
    addresses = [word for word in words if "@" in word]
    if not addresses:
        return [], entry
    if _is_row(entry):
        return addresses, ""
    return addresses, " ".join(word for word in words[words.index(addresses[-1]) + 1 :] if word)


def _is_row(entry: str) -> bool:
    """Whether an entry is the row of a table, where names may follow the address."""
    return bool(re.search(r"[,;\t]", entry))
