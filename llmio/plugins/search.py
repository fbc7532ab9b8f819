"""What a search plugin offers: an index of what people wrote."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True)
class Document:
    """One searchable thing: what it is, where it belongs, what it says."""

    record_type: str
    record_id: int
    title: str
    body: str
    author_id: int | None = None
    group_id: int | None = None
    discussion_id: int | None = None
    poll_id: int | None = None
    created_at: datetime | None = None
    tags: Sequence[str] = ()


@dataclass(frozen=True)
class Filters:
    """What the searcher chose; None and empty mean no restriction."""

    types: Sequence[str] = ()
    group_ids: Sequence[int] = ()
    author_id: int | None = None
    tag: str | None = None
    order: str = "relevance"
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Visible:
    """What the searcher may see, decided by the core: a provider returns nothing outside of it."""

    group_ids: Sequence[int] = ()
    discussion_ids: Sequence[int] = ()
    poll_ids: Sequence[int] = ()


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


class SearchProvider(ABC):
    """An index. `connection` is a database connection in the transaction of the caller."""

    key: ClassVar[str]
    title: ClassVar[str]
    summary: ClassVar[str] = ""

    @abstractmethod
    def index(self, connection: Any, documents: Iterable[Document]) -> None:
        """Add documents, or replace those of the same type and id."""

    @abstractmethod
    def remove(self, connection: Any, record_type: str, ids: Sequence[int]) -> None:
        """Forget documents."""

    @abstractmethod
    def search(
        self, connection: Any, query: str, filters: Filters, visible_to: Visible, *, offset: int = 0, limit: int = 20
    ) -> Page:
        """Find documents the searcher may see."""

    @abstractmethod
    def reindex(self, connection: Any) -> None:
        """Empty the index, before all documents are added again."""
