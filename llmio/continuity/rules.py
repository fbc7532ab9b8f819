"""What may be wrong with rows that PostgreSQL takes: wrong shapes, unknown values, moments without end, missing parents.

Each rule is one set-based statement that notes the rows as they came and mends them or sets them aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from llmio.migrations.facts import BOOKKEEPING, Catalogue
from llmio.upkeep.service.orphans import RULES as ORPHANS
from llmio.upkeep.service.records import TABLES

ASIDE = "set aside"
"""Ends what was done with rows that are not in the reference's tables any more."""


@dataclass(frozen=True)
class Rule:
    """Rows `t` of a table for which `condition` holds; `change` is what to SET, or "" to set the row aside.

    `what` and `done` are expressions of SQL.
    """

    table: str
    what: str
    condition: str
    change: str = ""
    done: str = f"'{ASIDE}'"

    @property
    def sets_aside(self) -> bool:
        """Whether the rows leave the table."""
        return not self.change

    @property
    def statement(self) -> str:
        """The rule as one statement; its row count is the number of rows."""
        act = (
            f'UPDATE public."{self.table}" x SET {self.change} FROM found t WHERE x.id = t.id'
            if self.change
            else f'DELETE FROM public."{self.table}" x USING found t WHERE x.id = t.id'
        )
        return f"""
            WITH found AS MATERIALIZED (SELECT t.* FROM public."{self.table}" t WHERE {self.condition}), noted AS (
              INSERT INTO llmio.adoption_findings (table_name, row_id, what, done, original)
              SELECT '{self.table}', t.id::text, {self.what}, {self.done}, to_jsonb(t)::text FROM found t)
            {act}"""


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def one(table: str, column: str, condition: str, value: str, what: str) -> Rule:
    """A rule that sets one column."""
    told = f"{_literal(f'{column}: {what} ')} || coalesce(left(t.{column}::text, 60), 'NULL')"
    return Rule(table, told, condition, f"{column} = {value}", _literal(f"{column} set to {value}"))


def _shapes(expected: Catalogue) -> Iterator[Rule]:
    """JSON that is a list where an object belongs, moments that no calendar knows: one pass over each table."""
    for table in sorted(expected.tables - set(BOOKKEEPING)):
        bad: dict[str, tuple[str, str, str]] = {}
        for (owner, name), column in sorted(expected.columns.items()):
            if owner != table:
                continue
            if column.type == "jsonb":
                shape = "array" if "[" in (column.default or "") else "object"
                broken = f"jsonb_typeof(t.{name}) <> '{shape}'" + ("" if column.default else f" AND t.{name} <> 'null'")
                bad[name] = (broken, column.default or "NULL", f"{name}: JSON, but no {shape}")
            elif column.type.startswith(("timestamp", "date")):
                instead = "NULL" if column.nullable else "localtimestamp"
                broken = f"(NOT isfinite(t.{name}) OR t.{name} >= '9999-12-31' OR t.{name} < '0001-01-02')"
                bad[name] = (broken, instead, f"{name}: no moment of any calendar")
        if bad and (table, "id") in expected.columns and table != "partition_sequences":
            yield Rule(
                table,
                "concat_ws('; ', "
                + ", ".join(f"CASE WHEN {c} THEN {_literal(w)} END" for c, _v, w in bad.values())
                + ")",
                " OR ".join(condition for condition, _value, _what in bad.values()),
                ", ".join(f'"{n}" = CASE WHEN {c} THEN {v} ELSE t."{n}" END' for n, (c, v, _w) in bad.items()),
                "'set to what is usual'",
            )


VALUES: tuple[tuple[str, str, str, str], ...] = (
    ("memberships", "volume", "0, 1, 2, 3", "2"),
    ("discussion_readers", "volume", "0, 1, 2, 3", "2"),
    ("stances", "volume", "0, 1, 2, 3", "2"),
    ("users", "default_membership_volume", "0, 1, 2, 3", "2"),
    ("polls", "hide_results", "0, 1, 2", "2"),  # the most private of them
    ("polls", "notify_on_closing_soon", "0, 1, 2, 3", "0"),
    ("polls", "stance_reason_required", "0, 1, 2", "1"),
    ("poll_templates", "hide_results", "0, 1, 2", "2"),
    ("poll_templates", "stance_reason_required", "0, 1, 2", "1"),
    ("discussions", "max_depth", "1, 2, 3", "3"),
    ("groups", "new_threads_max_depth", "1, 2, 3", "3"),
    ("groups", "discussion_privacy_options", "'private_only', 'public_or_private', 'public_only'", "'private_only'"),
    ("groups", "membership_granted_upon", "'request', 'approval', 'invitation'", "'approval'"),
)
"""Table, column, what it may hold, what is put there otherwise."""
KINDS = ("proposal", "poll", "score", "dot_vote", "ranked_choice", "meeting", "count", "check", "question")
"""Kinds of polls that the reference has."""
FREE_FORMATS = frozenset({"poll_option_name_format"})
AUTHORS = (
    ("discussions", "author_id"),
    ("comments", "user_id"),
    ("polls", "author_id"),
    ("outcomes", "author_id"),
    ("stances", "participant_id"),
    ("tasks", "author_id"),
)
"""Who wrote something: without the account, what they wrote would go with it."""
LAST_ITEM = 1_000_000_000
"""No thread has more items; a number above leaves no room for the next ones."""
RIGHTS = frozenset({"memberships", "discussion_readers"})
"""Tables where of two rows for one person the one counts that gives more rights."""
NAMES = (
    ("groups", "name", "coalesce(t.handle::text, t.key)"),
    ("discussions", "title", "t.key"),
    ("polls", "title", "t.key"),
)
"""What people find something by, and what stands for it where it is empty."""
NEW_KEY = "translate(left(encode(public.gen_random_bytes(9), 'base64'), 8), '+/=', 'xyz')"


def values(expected: Catalogue, zones: Mapping[str, str]) -> Iterator[Rule]:
    """What can be mended in the row itself. `zones` says what to put for each time zone that is none."""
    yield from _shapes(expected)
    for table, column, allowed, instead in VALUES:
        yield one(table, column, f"t.{column} NOT IN ({allowed})", instead, "unknown value")
    for (table, column), facts in sorted(expected.columns.items()):
        if column.endswith("_format") and facts.default and column not in FREE_FORMATS:
            yield one(table, column, f"t.{column} NOT IN ('md', 'html')", f"{facts.default}", "unknown format")
    numbered = f"t.discussion_id IS NOT NULL AND t.sequence_id NOT BETWEEN 1 AND {LAST_ITEM}"
    yield one("events", "sequence_id", numbered, "NULL", "no place in a thread:")
    for zone, instead in zones.items():
        yield one("users", "time_zone", f"t.time_zone = {_literal(zone)}", _literal(instead), "no name of a time zone:")
    for table in ("discussions", "polls", "groups", "users"):
        yield Rule(table, "'key: missing'", "coalesce(t.key, '') = ''", f"key = {NEW_KEY}", "'a new key made'")
    for table, column, name in NAMES:
        lacking = f"coalesce(t.{column}, '') = ''" + (" AND t.discarded_at IS NULL" if column == "title" else "")
        yield Rule(table, f"'{column}: missing'", lacking, f"{column} = {name}", f"'{column} set to ' || {name}")
    # Of two votes of one person that both say that they are the latest, the one cast last is.
    yield Rule(
        "stances",
        "'a second vote of the same person that says that it is the latest'",
        """t.latest AND t.participant_id IS NOT NULL AND EXISTS (
          SELECT FROM public.stances o WHERE o.poll_id = t.poll_id AND o.participant_id = t.participant_id AND o.latest
          AND (coalesce(o.cast_at, '-infinity'), o.id) > (coalesce(t.cast_at, '-infinity'), t.id))""",
        "latest = false",
        "'latest set to false'",
    )


def kept(kinds: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    """What is listed and left as it is: (table, what, condition, done)."""
    known = ", ".join(map(_literal, (*KINDS, *kinds)))
    yield (
        "polls",
        "'poll_type: unknown kind ' || left(t.poll_type, 60)",
        f"t.poll_type NOT IN ({known})",
        "kept: it can be read, not voted in",
    )
    yield (
        "polls",
        "'the totals that were published are not those of the votes'",
        "t.closed_at IS NOT NULL AND EXISTS (SELECT FROM adoption_totals a WHERE a.poll_id = t.id AND NOT a.same)",
        "kept: the result of a closed poll stays as it was published",
    )


TOMBSTONES = f"""
WITH missing AS (
  SELECT who, string_agg(what || ': ' || n, ', ' ORDER BY what) AS told FROM (
    {' UNION ALL '.join(
        f"SELECT t.{column} AS who, '{table}' AS what, count(*) AS n FROM public.{table} t WHERE t.{column} IS NOT NULL"
        f" AND t.{column} > 0 AND NOT EXISTS (SELECT FROM public.users u WHERE u.id = t.{column}) GROUP BY 1"
        for table, column in AUTHORS)}
  ) every GROUP BY who), noted AS (
  INSERT INTO llmio.adoption_findings (table_name, row_id, what, done, original)
  SELECT 'users', who::text, 'missing, though named by ' || told, 'an empty closed account made in its place', '' FROM missing)
INSERT INTO public.users (id, key, deactivated_at, created_at, updated_at, unsubscribe_token)
SELECT who, {NEW_KEY}, localtimestamp, localtimestamp, localtimestamp, public.gen_random_uuid()::text FROM missing
"""  # fmt: skip


def _orphan(table: str, column: str, parent: str, more: str = "") -> Rule:
    condition = f"t.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM public.{parent} p WHERE p.id = t.{column}){more}"
    return Rule(table, f"{_literal(f'{column}: there is no {parent} ')} || t.{column}", condition)


def orphans() -> Iterator[Rule]:
    """Rows whose parents are gone; they would be deleted by the next night's work, here they are kept aside."""
    # A poll without its thread still stands for itself.
    gone = "t.discussion_id IS NOT NULL AND NOT EXISTS (SELECT FROM public.discussions p WHERE p.id = t.discussion_id)"
    yield one("polls", "discussion_id", gone, "NULL", "there is no discussions")
    for rule in ORPHANS:
        if rule.name != "notifications":
            yield _orphan(rule.name, rule.column, rule.parent)
    yield _orphan("stance_choices", "poll_option_id", "poll_options")
    yield _orphan("active_storage_attachments", "blob_id", "active_storage_blobs")
    yield _orphan("active_storage_variant_records", "blob_id", "active_storage_blobs")
    for kind, table in TABLES.items():
        yield _orphan("events", "eventable_id", table, f" AND t.eventable_type = '{kind}'")
    yield _orphan("events", "discussion_id", "discussions")
    yield _orphan("notifications", "user_id", "users")
    yield _orphan("notifications", "event_id", "events")


def twice(table: str, columns: tuple[str, ...], where: str, *, may_be_null: bool) -> Rule:
    """Rows that a unique index has no room for: all but the oldest lose the value, or all but the newest (or mightiest) are set aside."""
    same = " AND ".join(f"o.{column} = t.{column}" for column in columns)
    condition = f"EXISTS (SELECT FROM public.{table} o WHERE {same} AND o.id > t.id{where.replace('WHERE', ' AND') if where else ''})"
    newer = condition.replace("o.id > t.id", "o.id < t.id")
    told = _literal(", ".join(columns) + ": twice")
    if columns == ("key",):
        return Rule(table, told, newer, f"key = {NEW_KEY}", "'a new key made'")
    if (table, columns) == ("events", ("discussion_id", "sequence_id")):
        return Rule(table, told, newer, "sequence_id = NULL", "'numbered anew'")
    if len(columns) == 1 and may_be_null:
        return Rule(table, told, newer, f"{columns[0]} = NULL", _literal(f"{columns[0]} set to NULL"))
    if table in RIGHTS:
        condition = condition.replace(
            "o.id > t.id", "(o.revoked_at IS NULL, o.admin, o.id) > (t.revoked_at IS NULL, t.admin, t.id)"
        )
    return Rule(table, told, condition)
