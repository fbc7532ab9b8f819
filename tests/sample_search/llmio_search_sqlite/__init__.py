"""Search provider `sqlite`: an index in one file, by SQLite's FTS5 (https://www.sqlite.org/fts5.html)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from html import escape
from pathlib import Path
from typing import Any

from llmio.plugins import (
    Document,
    Filters,
    Hit,
    Page,
    Plugin,
    SearchProvider,
    Setting,
    Term,
    Visible,
    hookimpl,
    parse_query,
)

PLUGIN = Plugin(
    "Search in SQLite",
    "Full text search in one file.",
    settings=(
        Setting(
            "search_sqlite.path", "SEARCH_SQLITE_PATH", default="", help="File of the index; empty: in the data folder."
        ),
    ),
)
START, STOP = "\ue000", "\ue001"
SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, record_id INTEGER NOT NULL, author_id INTEGER, group_id INTEGER,
  discussion_id INTEGER, poll_id INTEGER, written REAL, tags TEXT NOT NULL, UNIQUE (kind, record_id)
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
  title, body, author, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
);
"""
VISIBLE = (
    "(group_id IN (SELECT value FROM json_each(:groups)) OR discussion_id IN (SELECT value FROM json_each(:discussions)) "
    "OR poll_id IN (SELECT value FROM json_each(:polls)) OR (kind IN ('Discussion', 'Comment') "
    "AND group_id IN (SELECT value FROM json_each(:thread_groups))))"
)
ORDERS = {
    "relevance": "rank, written DESC, documents.id DESC",
    "newest": "written DESC, documents.id DESC",
    "oldest": "written, documents.id",
}


class SQLite(SearchProvider):
    """Documents in a file; each call opens it anew, so that processes and threads share nothing else."""

    key = "sqlite"
    title = "SQLite"
    summary = "Full text search in one file."
    path = Path("search.sqlite3")

    def open(self, settings: Mapping[str, Any]) -> None:
        """Where the file is."""
        self.path = Path(settings["path"] or Path(settings["data"]) / "search.sqlite3")
        self.path.parent.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30)) as file:
            file.row_factory = sqlite3.Row
            file.executescript(SCHEMA)
            with file:
                yield file

    def index(self, connection: Any, documents: Iterable[Document]) -> None:
        """Add documents, or replace those of the same type and id."""
        with self._file() as file:
            for one in documents:
                _forget(file, one.record_type, [one.record_id])
                row = (
                    one.record_type, one.record_id, one.author_id, one.group_id, one.discussion_id, one.poll_id,
                    one.created_at.timestamp() if one.created_at else None, json.dumps(list(one.tags)),
                )  # fmt: skip
                made = file.execute(
                    "INSERT INTO documents (kind, record_id, author_id, group_id, discussion_id, poll_id, written, tags) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    row,
                )
                texts = [_clean(part) for part in (one.title, one.body, one.author_name)]
                file.execute(
                    "INSERT INTO words (rowid, title, body, author) VALUES (?, ?, ?, ?)", (made.lastrowid, *texts)
                )

    def remove(self, connection: Any, record_type: str, ids: Sequence[int]) -> None:
        """Forget documents."""
        with self._file() as file:
            _forget(file, record_type, ids)

    def ids(self, connection: Any, record_type: str, after: int, limit: int) -> Sequence[int]:
        """Ids of documents of a type that the index holds."""
        query = "SELECT record_id FROM documents WHERE kind = ? AND record_id > ? ORDER BY record_id LIMIT ?"
        with self._file() as file:
            return [row["record_id"] for row in file.execute(query, (record_type, after, limit))]

    def count(self, connection: Any) -> int:
        """How many documents the index holds."""
        with self._file() as file:
            return int(file.execute("SELECT count(*) FROM documents").fetchone()[0])

    def search(
        self, connection: Any, query: str, filters: Filters, visible_to: Visible, *, offset: int = 0, limit: int = 20
    ) -> Page:
        """Find documents the searcher may see."""
        asked = match(parse_query(query))
        if not asked:
            return Page((), offset)
        conditions, values = _conditions(filters, visible_to)
        statement = (
            "SELECT kind, record_id, rank, highlight(words, 0, :start, :stop) AS title, "
            "snippet(words, 1, :start, :stop, ' … ', 40) AS body "
            "FROM words JOIN documents ON documents.id = words.rowid "
            f"WHERE words MATCH :asked AND {' AND '.join(conditions)} ORDER BY {ORDERS.get(filters.order, ORDERS['relevance'])} "
            "LIMIT :limit OFFSET :offset"
        )
        values |= {"asked": asked, "start": START, "stop": STOP, "limit": limit + 1, "offset": offset}
        with self._file() as file:
            rows = file.execute(statement, values).fetchall()
        hits = [
            Hit(row["kind"], row["record_id"], _marked(row["title"]), _marked(row["body"]), -float(row["rank"]))
            for row in rows[:limit]
        ]
        return Page(hits, offset, more=len(rows) > limit)

    def reindex(self, connection: Any) -> None:
        """Empty the index."""
        with self._file() as file:
            file.execute("DELETE FROM documents")
            file.execute("DELETE FROM words")

    def finish(self, connection: Any) -> None:
        """Put the index in order."""
        with self._file() as file:
            file.execute("INSERT INTO words (words) VALUES ('optimize')")


def match(terms: Sequence[Term]) -> str:
    """Terms as FTS5 takes them; "" where none is left to look for."""
    wanted = [_quoted(term) for term in terms if not term.excluded]
    if not wanted:
        return ""
    excluded = [_quoted(term) for term in terms if term.excluded]
    return f"({' AND '.join(wanted)})" + "".join(f" NOT {one}" for one in excluded)


def _quoted(term: Term) -> str:
    text = '"' + term.text.replace('"', '""') + '"'
    return text if term.phrase else text + "*"


def _forget(file: sqlite3.Connection, kind: str, ids: Sequence[int]) -> None:
    for record_id in ids:
        found = file.execute("SELECT id FROM documents WHERE kind = ? AND record_id = ?", (kind, record_id)).fetchone()
        if found:
            file.execute("DELETE FROM words WHERE rowid = ?", (found["id"],))
            file.execute("DELETE FROM documents WHERE id = ?", (found["id"],))


def _conditions(filters: Filters, visible_to: Visible) -> tuple[list[str], dict[str, Any]]:
    conditions = [
        VISIBLE,
        "NOT (kind = 'Stance' AND coalesce(poll_id, 0) IN (SELECT value FROM json_each(:hidden)))",
    ]
    values: dict[str, Any] = {
        "groups": json.dumps(list(visible_to.group_ids)),
        "discussions": json.dumps(list(visible_to.discussion_ids)),
        "polls": json.dumps(list(visible_to.poll_ids)),
        "thread_groups": json.dumps(list(visible_to.thread_group_ids)),
        "hidden": json.dumps(list(visible_to.hidden_poll_ids)),
    }
    chosen = {
        "kinds": ("kind IN (SELECT value FROM json_each(:kinds))", json.dumps(list(filters.types)), filters.types),
        "only": (
            "group_id IN (SELECT value FROM json_each(:only))", json.dumps(list(filters.group_ids)), filters.group_ids
        ),
        "author": ("author_id = :author", filters.author_id, filters.author_id),
        "tag": (":tag IN (SELECT value FROM json_each(tags))", filters.tag, filters.tag),
        "since": ("written >= :since", filters.since and filters.since.timestamp(), filters.since),
        "until": ("written < :until", filters.until and filters.until.timestamp(), filters.until),
    }  # fmt: skip
    for name, (condition, value, given) in chosen.items():
        if given:
            conditions.append(condition)
            values[name] = value
    if filters.direct:
        conditions.append("group_id IS NULL")
    return conditions, values


def _clean(text: str) -> str:
    return text.replace(START, "").replace(STOP, "").replace("\0", "")


def _marked(text: str) -> str:
    return escape(text).replace(START, "<mark>").replace(STOP, "</mark>")


@hookimpl
def llmio_search_providers() -> list[SearchProvider]:
    """The provider of this plugin."""
    return [SQLite()]
