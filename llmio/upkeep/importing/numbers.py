"""Old ids and new ones: first all lines are counted and given ids, so that rows may point to rows that come later."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import func, select, text

from llmio.accounts.models import User
from llmio.core.i18n import _
from llmio.upkeep.importing.facts import ATTACHMENTS, TABLES
from llmio.upkeep.importing.reading import Fault, lines
from llmio.upkeep.service.records import TABLES as TYPES
from llmio.upkeep.service.records import table as table_of

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.upkeep.importing.report import Found

BATCH = 500
NAMES = {"groups": "key", "discussions": "key", "polls": "key", "users": "username"}
"""Table → the column that may be there once on a site."""
NEXT = text("SELECT nextval(pg_get_serial_sequence('public.' || :name, 'id')) FROM generate_series(1, :count)")


class Numbers:
    """Table → old id → new id."""

    def __init__(self) -> None:
        self._new: dict[str, dict[int, int]] = {name: {} for name in TABLES}
        self.people_here: set[int] = set()
        """Old ids of people who have an account here already."""
        self.root: Mapping[str, Any] | None = None
        """The record of the first group that belongs to no other of the file."""
        self.total = 0
        self.twice: set[int] = set()
        """Numbers of lines whose row was there before."""

        self._names: dict[str, set[str]] = {"groups": set(), "discussions": set(), "polls": set(), "users": set()}
        """Keys and user names in the file."""
        self._taken: dict[str, set[str]] = {}

    def free(self, table: str, name: Any) -> bool:
        """Whether nothing here has this key (of users: this name)."""
        return isinstance(name, str) and bool(name) and name not in self._taken[table]

    def used(self, table: str, name: str) -> bool:
        """Whether a row of the file has it, or was given it; it is from now on."""
        before = name in self._names[table]
        self._names[table].add(name)
        return before

    def of(self, table: str, old: Any) -> int | None:
        """The new id of a row; None where it did not come along."""
        return self._new[table].get(old) if isinstance(old, int) else None

    def of_type(self, kind: Any, old: Any) -> int | None:
        """The same for a row named by its type."""
        table = TYPES.get(kind, "") if isinstance(kind, str) else ""
        return self.of(table, old) if table in self._new else None

    def drop(self, table: str, old: int) -> None:
        """A row did not come along after all."""
        self._new[table].pop(old, None)

    def new(self, table: str) -> Iterable[int]:
        """The new ids of a table."""
        return self._new[table].values()

    def learn(self, ctx: Context, file: IO[bytes], found: Found) -> None:
        """Read the file once: note what is wrong with lines, find people, give all rows their new ids."""
        addresses: dict[int, str] = {}
        groups: dict[int, Mapping[str, Any]] = {}
        for line in lines(file):
            self.total += 1
            if isinstance(line, Fault):
                found.fault(line.line, line.words)
                continue
            if line.table == ATTACHMENTS:
                continue
            if line.id in self._new[line.table]:
                self.twice.add(line.number)
                found.fault(line.number, _("This {table} {id} was in the file before.", table=line.table, id=line.id))
                continue
            self._new[line.table][line.id] = 0
            name = line.record.get(NAMES.get(line.table, ""))
            if isinstance(name, str):
                self._names[line.table].add(name)
            if line.table == "users":
                addresses[line.id] = str(line.record.get("email") or "").strip().lower()
            elif line.table == "groups":
                groups[line.id] = line.record
        self.root = next((one for one in groups.values() if one.get("parent_id") not in groups), None)
        self._find_people(ctx, addresses)
        self._find_names(ctx)
        self._give(ctx)

    def _find_people(self, ctx: Context, addresses: Mapping[int, str]) -> None:
        known = [one for one in addresses.items() if one[1]]
        for start in range(0, len(known), BATCH):
            some = known[start : start + BATCH]
            wanted = [address for _old, address in some]
            query = select(func.lower(User.email), User.id).where(User.email.in_(wanted))
            here = {str(address): user_id for address, user_id in ctx.db.execute(query)}
            for old, address in some:
                if address in here:
                    self._new["users"][old] = here[address]
                    self.people_here.add(old)

    def _find_names(self, ctx: Context) -> None:
        for name, column in NAMES.items():
            one, wanted = table_of(name), sorted(self._names[name])
            self._taken[name] = set()
            for start in range(0, len(wanted), BATCH):
                query = select(one.c[column]).where(one.c[column].in_(wanted[start : start + BATCH]))
                self._taken[name] |= set(ctx.db.scalars(query))

    def _give(self, ctx: Context) -> None:
        for table, ids in self._new.items():
            wanted = [old for old, new in ids.items() if not new]
            if wanted:
                fresh: Iterator[int] = iter(ctx.db.scalars(NEXT, {"name": table, "count": len(wanted)}).all())
                ids.update(zip(wanted, fresh, strict=True))
