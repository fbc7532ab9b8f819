"""A record of the file made a row of this site: new ids, no doors that open here, names that are free."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import chain, count
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, Integer, String, select

from llmio.accounts.names import free_username
from llmio.core.db import Utc
from llmio.core.i18n import _
from llmio.groups import service as groups
from llmio.groups.models import Group, Subscription
from llmio.upkeep.importing.facts import NEEDED, NOT_TAKEN, OF_PEOPLE, POINTING, TYPED
from llmio.upkeep.service.records import table

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.upkeep.importing.numbers import Numbers
    from llmio.upkeep.importing.reading import Line
    from llmio.upkeep.importing.report import Found

KEYED = frozenset({"groups", "discussions", "polls"})
TOKENS = frozenset({"groups", "memberships", "stances", "discussion_readers"})


class Refused(Exception):
    """A record cannot become a row; says why."""


class Rewriter:
    """Turns lines into rows, one after another."""

    def __init__(self, ctx: Context, numbers: Numbers, found: Found) -> None:
        self.ctx, self.numbers, self.found = ctx, numbers, found
        self.subscription_id: int | None = None

    def row(self, line: Line) -> dict[str, Any]:
        """The row; Refused where it points to what is not there, or a value is of the wrong kind."""
        name, record = line.table, line.record
        columns = table(name).c
        skipped = NOT_TAKEN.get(name, frozenset())
        row: dict[str, Any] = {}
        for key, value in record.items():
            if key not in columns:
                self.found.unknown.add(f"{name}.{key}"[:120])
            elif key not in skipped and (name != "users" or key in OF_PEOPLE):
                row[key] = _checked(columns[key], value)
        self._point(line, row)
        row["id"] = self.numbers.of(name, line.id)
        if name in TOKENS:
            row["token"] = secrets.token_urlsafe(20)
        if name in KEYED:
            row["key"] = self._key(name, record)
        special = getattr(self, f"_{name}", None)
        if special is not None:
            special(line, row)
        return row

    def _point(self, line: Line, row: dict[str, Any]) -> None:
        record = line.record
        for column, target in NEEDED.get(line.table, {}).items():
            row[column] = self.numbers.of(target, record.get(column))
            if row[column] is None:
                raise Refused(_("{column} {old} did not come along.", column=column, old=str(record.get(column))[:40]))
        for column, target in POINTING.get(line.table, {}).items():
            if column in row:
                row[column] = self.numbers.of(target, record[column])
        if line.table in TYPED:
            kind, column = TYPED[line.table]
            row[column] = self.numbers.of_type(record.get(kind), record.get(column))
            if row[column] is None:
                what = f"{str(record.get(kind))[:40]} {str(record.get(column))[:40]}"
                raise Refused(_("{what}, which it belongs to, did not come along.", what=what))

    def _key(self, name: str, record: Mapping[str, Any]) -> str:
        key = record.get("key")
        if isinstance(key, str) and self.numbers.free(name, key):
            return key
        fresh = groups.new_key()
        if isinstance(key, str) and key:
            self.found.rename(name, f"{key} ({str(record.get('title') or record.get('name') or '')[:80]})", fresh)
        return fresh

    # -- tables with ways of their own --------------------------------------------------------------------------------

    def _users(self, line: Line, row: dict[str, Any]) -> None:
        address = str(row.get("email") or "").strip().lower() or None
        if address is not None and "@" not in address:
            raise Refused(_("{address} is no address.", address=address[:80]))
        row["email"] = address
        if address is None and not row.get("deactivated_at"):
            row["deactivated_at"] = self.ctx.now
        name = str(row.get("name") or "")
        username = row.get("username")
        if username and not self.numbers.free("users", username):
            row["username"] = self._username(name, (address or "").split("@")[0])
            self.found.rename("users", f"@{username}", f"@{row['username']}")
        row |= {"email_verified": False, "avatar_kind": "initials", "encrypted_password": "", "is_admin": False}
        row["updated_at"] = self.ctx.now
        row["name"] = name or None

    def _username(self, *sources: str) -> str:
        base = free_username(self.ctx.db, *sources)
        return next(
            one
            for one in chain((base,), (f"{base}x{number}" for number in count(2)))
            if not self.numbers.used("users", one)
        )

    def _groups(self, line: Line, row: dict[str, Any]) -> None:
        handle = str(row.get("handle") or "").lower()
        if handle and self.ctx.db.scalar(select(Group.id).where(Group.handle == handle)):
            row["handle"] = groups.free_handle(self.ctx, handle)
            self.found.rename("groups", handle, row["handle"])
        if row.get("parent_id") is None:
            row["subscription_id"] = self._subscription(row.get("creator_id"))
        row["archived_at"] = None

    def _subscription(self, owner_id: int | None) -> int:
        if self.subscription_id is None:
            plan = Subscription(plan="free", state="active", owner_id=owner_id)
            self.ctx.db.add(plan)
            self.ctx.db.flush()
            self.subscription_id = plan.id
        return self.subscription_id

    def _events(self, line: Line, row: dict[str, Any]) -> None:
        custom = row.get("custom_fields")
        if isinstance(custom, dict):
            people = custom.get("recipient_user_ids")
            kept = {key: value for key, value in custom.items() if not key.startswith("recipient_")}
            if isinstance(people, list):
                there = (self.numbers.of("users", one) for one in people)
                kept["recipient_user_ids"] = [one for one in there if one is not None]
            row["custom_fields"] = kept


def _checked(column: Column[Any], value: Any) -> Any:
    """A value of the kind that the column holds; what is left to the database is refused there."""
    kind, key = column.type, column.name
    if value is None:
        return None
    if isinstance(kind, Utc):
        return _moment(key, value)
    if isinstance(kind, String) and not isinstance(value, str):
        raise Refused(_("{column} is no text: {value}.", column=key, value=str(value)[:40]))
    if isinstance(kind, Boolean) and not isinstance(value, bool):
        raise Refused(_("{column} is neither true nor false: {value}.", column=key, value=str(value)[:40]))
    if isinstance(kind, Integer) and (isinstance(value, bool) or not isinstance(value, int)):
        raise Refused(_("{column} is no whole number: {value}.", column=key, value=str(value)[:40]))
    return value


def _moment(key: str, value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise Refused(_("{column} is no moment: {value}.", column=key, value=str(value)[:40])) from None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
