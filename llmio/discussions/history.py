"""The history of a text: who changed it when, word by word."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from llmio.core import richtext
from llmio.core.tables import Version
from llmio.discussions import queries
from llmio.discussions.values import Person

if TYPE_CHECKING:
    from llmio.core.context import Context

Op = Literal["same", "added", "removed"]
WORD = re.compile(r"\s+|\w+|[^\w\s]")
MOST_WORDS = 6000
"""Beyond that, lines are compared instead of words: the time needed grows with the square."""


class Piece(NamedTuple):
    """Some words, and what became of them."""

    op: Op
    text: str


@dataclass(frozen=True)
class Change:
    """One edit."""

    person: Person | None
    moment: datetime | None
    title: tuple[Piece, ...]
    text: tuple[Piece, ...]
    fields: tuple[str, ...]
    """Names of other columns that changed."""


def changes(ctx: Context, versions: Sequence[Version], *, text: str) -> list[Change]:
    """The edits of a record, the latest first; `text` is the column that holds its text."""
    people = queries.people(ctx, (version.whodunnit for version in versions))
    formats = formats_at(versions, f"{text}_format")
    made = []
    for version, (before, after) in zip(versions, formats, strict=True):
        changed: dict[str, Any] = version.object_changes or {}
        made.append(
            Change(
                person=people.get(version.whodunnit or 0),
                moment=version.created_at,
                title=_pieces(changed.get("title")),
                text=_pieces(changed.get(text), before, after),
                fields=tuple(name for name in changed if name in ("private", "attachments")),
            )
        )
    return made[::-1]


def formats_at(versions: Sequence[Version], name: str) -> list[tuple[str | None, str | None]]:
    """The format of the text before and after each edit, as far as the edits themselves tell."""
    said = [(version.object_changes or {}).get(name) for version in versions]
    found = [pair if isinstance(pair, list) and len(pair) == 2 else None for pair in said]
    following = next((pair[0] for pair in found if pair), None)
    current, done = following, []
    for pair in found:
        before, after = (pair[0], pair[1]) if pair else (current, current)
        done.append((before, after))
        current = after
    return done


def _pieces(pair: Any, before: str | None = None, after: str | None = None) -> tuple[Piece, ...]:
    if not isinstance(pair, list | tuple) or len(pair) != 2:
        return ()
    return words_changed(_words(pair[0], before), _words(pair[1], after))


def _words(text: Any, form: str | None) -> str:
    """Text as words; without a known format, what looks like HTML is taken for it."""
    plain = str(text or "")
    if form == "html" or (form is None and plain.lstrip().startswith("<")):
        return richtext.plain(plain, "html")
    return plain


def words_changed(before: str, after: str) -> tuple[Piece, ...]:
    """What was taken away and what was added, in reading order."""
    old, new = WORD.findall(before), WORD.findall(after)
    if len(old) + len(new) > MOST_WORDS:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    done: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            done.append(Piece("same", "".join(old[i1:i2])))
            continue
        if i1 < i2:
            done.append(Piece("removed", "".join(old[i1:i2])))
        if j1 < j2:
            done.append(Piece("added", "".join(new[j1:j2])))
    return tuple(done)
