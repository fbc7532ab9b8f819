"""What a search plugin offers: an index of what people wrote."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

MOST_TERMS = 16
"""What is typed beyond so many words is left aside: nobody reads so closely, and each one costs."""
_QUOTES = str.maketrans(dict.fromkeys("“”„«»＂", '"'))
_TOKEN = re.compile(r'([!-]*)(?:"([^"]*)"?|([^\s"]+))')
_WORD = re.compile(r"[^\W_]")


@dataclass(frozen=True)
class Document:
    """One searchable thing: what it is, where it belongs, what it says."""

    record_type: str
    record_id: int
    title: str
    body: str
    """Its words without markup, a line for each paragraph."""
    author_id: int | None = None
    group_id: int | None = None
    discussion_id: int | None = None
    poll_id: int | None = None
    created_at: datetime | None = None
    tags: Sequence[str] = ()
    author_name: str = ""
    language: str = ""
    """As in "de" or "pt_BR"; empty where nobody said."""
    written: Sequence[str] = ()
    """Its texts as they were written, markup included: title, body, author's name, those of them that it has."""


@dataclass(frozen=True)
class Filters:
    """What the searcher chose; None and empty mean no restriction."""

    types: Sequence[str] = ()
    group_ids: Sequence[int] = ()
    direct: bool = False
    """Only what belongs to no group."""
    author_id: int | None = None
    tag: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Written from the one moment on, and before the other."""
    order: str = "relevance"
    """`relevance`, `newest` or `oldest`."""


@dataclass(frozen=True)
class Visible:
    """What the searcher may see, decided by the core: a provider returns nothing outside of it.

    A document can be found where one of the first four sequences lets it, and the last does not keep it away.
    """

    group_ids: Sequence[int] = ()
    """Everything in these groups."""
    discussion_ids: Sequence[int] = ()
    """Everything in these threads."""
    poll_ids: Sequence[int] = ()
    """These polls, their votes and outcomes."""
    thread_group_ids: Sequence[int] = ()
    """Threads and comments in these groups, but no polls."""
    hidden_poll_ids: Sequence[int] = ()
    """Polls whose votes (type `Stance`) are kept from the searcher."""

    def includes(self, record_type: str, group_id: int | None, discussion_id: int | None, poll_id: int | None) -> bool:
        """Whether a document of this type and place can be found; the measure of what a provider must answer."""
        if record_type == "Stance" and poll_id in self.hidden_poll_ids:
            return False
        threads = record_type in ("Discussion", "Comment") and group_id in self.thread_group_ids
        placed = group_id in self.group_ids or discussion_id in self.discussion_ids or poll_id in self.poll_ids
        return threads or placed


@dataclass(frozen=True)
class Hit:
    """One thing found; `highlight` is text in which `<mark>` surrounds the words found, everything else escaped."""

    record_type: str
    record_id: int
    title: str
    highlight: str
    rank: float = 0.0


@dataclass(frozen=True)
class Page:
    """Hits from `offset` on; `more` says that there are further ones."""

    hits: Sequence[Hit]
    offset: int = 0
    more: bool = False
    corrected: str = ""
    """The query that was answered, where nothing answers to the one that was typed."""


@dataclass(frozen=True)
class Term:
    """A part of a query: a word, of which the beginning is enough, or a phrase, of which each word is meant."""

    text: str
    phrase: bool = False
    excluded: bool = False


def parse_query(query: str) -> list[Term]:
    """What a person typed, as terms: words, "quoted phrases", and `!word` or `-word` for what must not be there."""
    terms = []
    for found in _TOKEN.finditer(query.replace("\0", " ").translate(_QUOTES)):
        sign, quoted, word = found.groups()
        text = " ".join((quoted if quoted is not None else word).split())
        if _WORD.search(text):
            terms.append(Term(text, quoted is not None, bool(sign)))
        if len(terms) == MOST_TERMS:
            break
    return terms


class SearchProvider(ABC):
    """An index. `connection` is a database connection in the transaction of the caller.

    While an index is built anew the core gives all documents again, in batches with a transaction each, then asks for the
    `ids` held and removes what is no longer there: people search meanwhile, and find what they found before.
    """

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""

    @abstractmethod
    def index(self, connection: Any, documents: Iterable[Document]) -> None:
        """Add documents, or replace those of the same type and id."""

    @abstractmethod
    def remove(self, connection: Any, record_type: str, ids: Sequence[int]) -> None:
        """Forget documents."""

    def ids(self, connection: Any, record_type: str, after: int, limit: int) -> Sequence[int]:
        """Ids of documents of a type that the index holds, beyond one, in ascending order, at most `limit`.

        A provider that cannot tell keeps documents whose records were deleted behind its back; they are not shown.
        """
        return ()

    @abstractmethod
    def search(
        self, connection: Any, query: str, filters: Filters, visible_to: Visible, *, offset: int = 0, limit: int = 20
    ) -> Page:
        """Find documents the searcher may see."""

    def count(self, connection: Any) -> int | None:
        """How many documents the index holds; None where it cannot tell."""
        return None

    @abstractmethod
    def reindex(self, connection: Any) -> None:
        """Empty the index: nothing is found until documents are added again."""

    def open(self, settings: Mapping[str, Any]) -> None:  # noqa: B027  # nothing to open is the common case
        """Called before anything else, once: the plugin's own settings, without its name before them, and `data`, the
        site's data folder.
        """

    def finish(self, connection: Any) -> None:  # noqa: B027  # few have anything to do then
        """Called when all documents were given: a moment to put the index in order."""
