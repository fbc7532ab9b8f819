"""Finding: exact words and their beginnings first, then other forms of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape
from typing import Any

from llmio.plugins import Filters, Hit, Page, Term, Visible
from llmio_search_postgres.lexicon import Lexicon, look_up
from llmio_search_postgres.queries import APART, RUN, matching, plain_word, runs_of, statement, tsquery, unspaced
from llmio_search_postgres.rows import START, STOP, has_tables

NEWEST = 100
"""Of very many matches so many of the newest are ranked: five pages of them."""
ENOUGH = 10
"""Where fewer answer to the words as they were typed, other forms of them follow."""
LOOK, READ, FETCH = 3.0, 0.6, 10.0
"""What it costs, in microseconds or the like, to look at a document, going backwards from the newest; to read an entry of the
index of words; to fetch a document that it leads to. Measured; only their proportion counts.
"""
ALL = 20_000
"""Where there are fewer, all are ranked; the planner guesses, so that it may be more."""
COLUMNS = "document.id, document.searchable_type, document.searchable_id, document.authored_at"
EXACT = "document.ts_content @@ {asked}"
# A beginning of words that is in every tenth document is no help in an index: the others are looked up, and what they lead to is read.
RARE = "document.ts_content @@ {rare} AND (document.ts_content @@ {asked}) IS TRUE"
COMMON = 0.1
SKIP = 2.0
"""Of words that are looked up as they stand no more entries are read than of the rarest, about; the others are skipped."""
FEW = 5000
DOCUMENTS = "public.pg_search_documents AS document"
WINDOW = """(
  SELECT * FROM public.pg_search_documents ORDER BY {backwards} LIMIT :window
) AS document"""
"""The first documents of all in an order that has an index: what matches comes from there, and no further."""
BESIDE = "JOIN plugin_search_postgres.documents AS beside ON beside.document_id = document.id"
MATCHES = "SELECT FROM {source} WHERE {match} AND {conditions}"
EACH = "SELECT FROM public.pg_search_documents AS document WHERE document.ts_content @@ {asked}"
BEST = f"""
WITH chosen AS MATERIALIZED (
  SELECT {COLUMNS}, {{words}} AS words FROM {{source}} WHERE {{match}} AND {{conditions}} ORDER BY {{first}} LIMIT :reach
)
SELECT id, searchable_type, searchable_id, authored_at, ts_rank(words, {{asked}}) AS rank, count(*) OVER () AS total
FROM chosen ORDER BY rank DESC, authored_at DESC NULLS LAST, id DESC LIMIT :limit OFFSET :offset
"""
BY_TIME = (
    f"SELECT {COLUMNS}, 0.0 AS rank FROM {{source}} WHERE {{match}} AND {{conditions}} ORDER BY {{first}} LIMIT :reach"
)
# An order that an index has, for going backwards through documents, and one that none has, so that the planner takes the
# matches from the index of words: it trusts its guess of how many there are too much, and might go through a million.
ORDERS = {
    "newest": ("authored_at DESC", "document.authored_at + interval '0' DESC NULLS LAST, document.id DESC"),
    "oldest": ("authored_at ASC", "document.authored_at + interval '0' ASC NULLS LAST, document.id ASC"),
}
# Only the rows of the page are quoted: ts_headline reads the whole text of each. By their records: each statement sees what is there by then,
# and a document that was written anew meanwhile has another id.
QUOTED = """
SELECT document.searchable_type, document.searchable_id, ts_headline(chosen.configuration, coalesce(beside.body, document.content), asked,
    CASE WHEN length(coalesce(beside.body, document.content)) <= :short THEN :whole ELSE :body END) AS body,
  ts_headline(chosen.configuration, coalesce(beside.title, ''), asked, :whole) AS title,
  left(coalesce(beside.body, document.content), :edge) AS beginning, right(coalesce(beside.body, document.content), :edge) AS ending
FROM public.pg_search_documents AS document LEFT JOIN plugin_search_postgres.documents AS beside
  ON beside.document_id = document.id
CROSS JOIN LATERAL (
  SELECT CASE WHEN document.ts_content @@ to_tsquery('simple', :query) THEN CAST('simple' AS regconfig)
  ELSE CAST(beside.configuration AS regconfig) END AS configuration
) AS chosen CROSS JOIN LATERAL (SELECT to_tsquery(chosen.configuration,
  CASE WHEN chosen.configuration = CAST('simple' AS regconfig) THEN :query ELSE :forms END) AS asked) AS meant
WHERE (document.searchable_type, document.searchable_id) IN (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[])))
"""
# Whatever its case: organisations spell a tag as they like, and lists of tags have an index by their letters.
SPELT = "CAST(ARRAY(SELECT CAST(name AS text) FROM public.tags WHERE lower(CAST(name AS text)) = lower(:tag) UNION SELECT :tag) AS varchar[])"
TAGGED = (
    f"(document.discussion_id IN (SELECT id FROM public.discussions WHERE tags && {SPELT}) "
    f"OR document.poll_id IN (SELECT id FROM public.polls WHERE tags && {SPELT}))"
)
QUOTED_ALONE = """
SELECT searchable_type, searchable_id, '' AS title, left(content, :edge) AS beginning, right(content, :edge) AS ending, ts_headline('simple', content, to_tsquery('simple', :query),
  CASE WHEN length(content) <= :short THEN :whole ELSE :body END) AS body
FROM public.pg_search_documents
WHERE (searchable_type, searchable_id) IN (SELECT * FROM unnest(CAST(:kinds AS text[]), CAST(:ids AS bigint[])))
"""
MARKS = f'StartSel="{START}", StopSel="{STOP}"'
BODY = f'{MARKS}, MaxFragments=2, MaxWords=30, MinWords=12, FragmentDelimiter=" … "'
SHORT = 240
"""A text up to so long is quoted as a whole."""
EDGE = 12
_MARKED = re.compile(f"{START}(.*?){STOP}", re.DOTALL)
BLANK = " \t\r\n" + APART
WHOLE = f"{MARKS}, HighlightAll=true"


@dataclass(frozen=True)
class Arm:
    """One way to match: exact words and their beginnings, or stems."""

    match: str
    words: str
    asked: str
    joined: str = ""
    many: float | None = None
    """How many documents match, as the planner thinks."""
    reading: float = 0.0
    """What it costs to read their entries in the index of words."""


class Search:
    """One search: whom for and within what; asked for pages."""

    def __init__(self, connection: Any, filters: Filters, visible_to: Visible, *, limit: int) -> None:
        self.connection = connection
        self.limit = limit
        self.timely = filters.order in ORDERS
        self.backwards, self.order = ORDERS.get(filters.order, ORDERS["newest"])
        conditions, self.values = _conditions(filters, visible_to)
        self.conditions = " AND ".join(conditions)
        self.beside = has_tables(connection)
        self.lexicon = Lexicon(1.0)
        self.apart = False
        self.runs: Sequence[str] = ()

    def page(self, terms: Sequence[Term], offset: int) -> Page:
        """What answers to the terms, from `offset` on."""
        self.lexicon = look_up(self.connection, terms, beside=self.beside)
        self.values["query"] = tsquery(terms, self.lexicon.spellings)
        self.values["forms"] = tsquery(terms, self.lexicon.spellings, self.lexicon.whole)
        exact, values = matching(terms, self.lexicon.spellings, self.lexicon.words)
        self.values |= values
        self.runs = runs_of(terms)
        self.apart = unspaced(terms) and bool(self.lexicon.configurations)
        by_word = (self._by_stem() if self.apart else None) or self._by_word(
            [term for term in terms if not term.excluded], exact
        )
        rows = self._by_time(by_word, exact, offset) if self.timely else self._best(by_word, exact, offset)
        more, shown = len(rows) > self.limit, rows[: self.limit]
        return Page(self._hits(shown), offset, more)

    def answers(self, term: Term) -> bool:
        """Whether anything answers to one term."""
        return bool(self.page([term], 0).hits)

    def _by_word(self, wanted: Sequence[Term], exact: str) -> Arm:
        """By all words at once; where a beginning is in very many documents and other words are not, by those others."""
        lexicon = self.lexicon
        arm = Arm(EXACT.format(asked=exact), "document.ts_content", "to_tsquery('simple', :query)")
        parts, values = [], {}
        for number, term in enumerate(wanted):
            asked, named = matching([term], lexicon.spellings, lexicon.words)
            for name, value in named.items():
                asked = asked.replace(f":{name}", f":{name}{number}")
                values[f"{name}{number}"] = value
            parts.append(EACH.format(asked=asked))
        parts.append(MATCHES.format(source=DOCUMENTS, match=arm.match, conditions=self.conditions))
        *guesses, many = self._guesses(parts, values)
        known = [plain_word(term) in lexicon.words for term in wanted]
        begun = [guess for guess, one in zip(guesses, known, strict=True) if not one]
        reading = READ * (sum(begun) + SKIP * min(guesses) * (len(guesses) - len(begun)))
        rare = [
            term
            for term, guess, one in zip(wanted, guesses, known, strict=True)
            if one or guess < COMMON * lexicon.size
        ]
        if not rare or len(rare) == len(wanted) or min(guesses) > FEW:
            return replace(arm, many=many, reading=reading)
        asked, named = matching(rare, lexicon.spellings, lexicon.words)
        for name, value in named.items():
            asked = asked.replace(f":{name}", f":rare_{name}")
            self.values[f"rare_{name}"] = value
        match = RARE.format(rare=asked, asked=exact)
        return replace(arm, match=match, many=many, reading=(READ + FETCH) * min(guesses))

    def _by_stem(self, exact: str = "") -> Arm | None:
        """One query in every language that documents are in: a stem of one language is seldom a word of another."""
        stems = " || ".join(f"to_tsquery('{one}', :forms)" for one in self.lexicon.configurations)
        if not stems:
            return None
        match = f"beside.stems @@ ({stems})" + (f" AND NOT {EXACT.format(asked=exact)}" if exact else "")
        return Arm(match, "beside.stems", f"({stems})", BESIDE)

    def _best(self, by_word: Arm, exact: str, offset: int) -> list[Any]:
        """By rank; where exact words are at an end, other forms of them follow."""
        wanted = self.limit + 1
        rows, total = self._ranked(by_word, offset, wanted)
        by_stem = self._by_stem(exact) if not self.apart and len(rows) < wanted and total < ENOUGH else None
        if by_stem:
            more, _total = self._ranked(by_stem, max(0, offset - total), wanted - len(rows))
            rows += more
        return rows

    def _ranked(self, arm: Arm, offset: int, limit: int) -> tuple[list[Any], int]:
        """A stretch of what matches, by rank, and how much there is to rank."""
        rows = self._chosen(BEST, arm, {"limit": limit, "offset": offset}, newest=NEWEST, at_most=ALL)
        if not rows and offset:  # behind the end the statement says nothing of how many there were
            first = self._chosen(BEST, arm, {"limit": 1, "offset": 0}, newest=NEWEST, at_most=ALL)
            return [], first[0].total if first else 0
        return rows, rows[0].total if rows else 0

    def _by_time(self, by_word: Arm, exact: str, offset: int) -> list[Any]:
        """Exact words and other forms of them together, by time."""
        reach = offset + self.limit + 1
        rows = self._chosen(BY_TIME, by_word, {}, newest=reach, at_most=reach)
        if not self.apart and (by_stem := self._by_stem(exact)):
            rows += self._chosen(BY_TIME, by_stem, {}, newest=reach, at_most=reach)
        newest = self.backwards.endswith("DESC")
        rows.sort(key=lambda row: (row.authored_at or datetime.min, row.id), reverse=newest)  # noqa: DTZ901  # as stored
        return rows[offset:reach]

    def _chosen(self, query: str, arm: Arm, values: dict[str, Any], *, newest: int, at_most: int) -> list[Any]:
        """Of many matches the newest, found by going backwards; of few all, found by their words."""
        if arm.many is None:
            source = f"{DOCUMENTS} {arm.joined}"
            (many,) = self._guesses([MATCHES.format(source=source, match=arm.match, conditions=self.conditions)], {})
        else:
            many = arm.many
        many, size = max(many, 1.0), self.lexicon.size
        if LOOK * newest * size / many < arm.reading + FETCH * many:
            window = int(min(size, 3 * newest * size / many)) + newest
            source = f"{WINDOW.format(backwards=self.backwards)} {arm.joined}"
            rows = self._rows(
                query, arm, source, f"document.{self.backwards}", {**values, "reach": newest, "window": window}
            )
            if rows and (len(rows) == newest or getattr(rows[0], "total", 0) == newest):
                return rows
        return self._rows(query, arm, f"{DOCUMENTS} {arm.joined}", self.order, {**values, "reach": at_most})

    def _guesses(self, statements: Sequence[str], values: dict[str, Any]) -> list[float]:
        """How many rows each would bring, as the planner thinks."""
        together = f"EXPLAIN (FORMAT JSON) {' UNION ALL '.join(statements)}"
        (plan,) = self.connection.scalar(statement(together), {**self.values, **values})
        if len(statements) == 1:
            return [float(plan["Plan"]["Plan Rows"])]
        parts = plan["Plan"].get("Plans", ())
        if len(parts) < len(statements):  # one that can bring nothing was left out, nobody says which
            return [guess for one in statements for guess in self._guesses([one], values)]
        return [float(part["Plan Rows"]) for part in parts]

    def _rows(self, query: str, arm: Arm, source: str, first: str, values: dict[str, Any]) -> list[Any]:
        filled = query.format(
            source=source, match=arm.match, words=arm.words, asked=arm.asked, first=first, conditions=self.conditions
        )
        return list(self.connection.execute(statement(filled), {**self.values, **values}))

    def _hits(self, rows: Sequence[Any]) -> list[Hit]:
        if not rows:
            return []
        values = {
            "query": self.values["query"],
            "forms": self.values["forms"],
            "kinds": [row.searchable_type for row in rows],
            "ids": [row.searchable_id for row in rows],
            "body": BODY,
            "whole": WHOLE,
            "short": SHORT,
            "edge": EDGE,
        }
        query = QUOTED if self.beside else QUOTED_ALONE
        quoted = {tuple(row[:2]): row for row in self.connection.execute(statement(query), values)}
        found = ((row, quoted.get((row.searchable_type, row.searchable_id))) for row in rows)
        return [
            Hit(
                row.searchable_type,
                row.searchable_id,
                _marked(said.title, self.runs),
                _quoted(said, self.runs),
                float(row.rank),
            )
            for row, said in found
            if said is not None
        ]


def _quoted(row: Any, runs: Sequence[str]) -> str:
    """The words around what was found, with dots where the text goes on."""
    words = (row.body or "").replace(START, "").replace(STOP, "").strip(BLANK)
    before = "" if words.startswith(row.beginning.strip(BLANK)) or len(words) <= EDGE else "… "
    after = "" if words.endswith(row.ending.strip(BLANK)) or len(words) <= EDGE else " …"
    return f"{before}{_marked(row.body, runs)}{after}"


def _marked(headline: str | None, runs: Sequence[str]) -> str:
    """Safe HTML. Of scripts without blanks PostgreSQL marks each letter that is asked for: what makes no run of them is left plain."""

    def meant(found: re.Match[str]) -> str:
        words = found[1]
        return words if RUN.fullmatch(words) and not any(run in words for run in runs) else f"<mark>{words}</mark>"

    written = (headline or "").replace(APART, "").replace(STOP + START, "")
    return _MARKED.sub(meant, escape(written))


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


def _array(ids: Sequence[int]) -> str:
    """Ids as PostgreSQL writes an array: written once, sent with each statement of the search."""
    return f"{{{','.join(map(str, ids))}}}"


def _conditions(filters: Filters, visible_to: Visible) -> tuple[list[str], dict[str, Any]]:
    conditions, values = _visible(visible_to)
    chosen: dict[str, tuple[str, Any]] = {
        "types": ("document.searchable_type = ANY(:types)", list(filters.types)),
        "only_groups": ("document.group_id = ANY(:only_groups)", list(filters.group_ids)),
        "author": ("document.author_id = :author", filters.author_id),
        "since": ("document.authored_at >= :since", _utc(filters.since) if filters.since else None),
        "until": ("document.authored_at < :until", _utc(filters.until) if filters.until else None),
        "tag": (
            TAGGED,
            filters.tag,
        ),
    }
    for name, (condition, value) in chosen.items():
        if value not in (None, [], ""):
            conditions.append(condition)
            values[name] = value
    if filters.direct:
        conditions.append("document.group_id IS NULL")
    return conditions, values


def _visible(visible_to: Visible) -> tuple[list[str], dict[str, Any]]:
    arms = {
        "groups": ("document.group_id = ANY(CAST(:groups AS bigint[]))", visible_to.group_ids),
        "discussions": ("document.discussion_id = ANY(CAST(:discussions AS bigint[]))", visible_to.discussion_ids),
        "polls": ("document.poll_id = ANY(CAST(:polls AS bigint[]))", visible_to.poll_ids),
        "thread_groups": (
            "(document.group_id = ANY(CAST(:thread_groups AS bigint[])) AND document.searchable_type IN ('Discussion', 'Comment'))",
            visible_to.thread_group_ids,
        ),
    }
    open_arms = {name: arm for name, arm in arms.items() if arm[1]}
    values: dict[str, Any] = {name: _array(ids) for name, (_arm, ids) in open_arms.items()}
    conditions = [f"({' OR '.join(arm for arm, _ids in open_arms.values()) or 'false'})"]
    if visible_to.hidden_poll_ids:
        conditions.append(
            "NOT (document.searchable_type = 'Stance' AND document.poll_id = ANY(CAST(:hidden AS bigint[])))"
        )
        values["hidden"] = _array(visible_to.hidden_poll_ids)
    return conditions, values
