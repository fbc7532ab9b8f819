"""Imports of exported groups: handed in on a page or by a command, read in one transaction, files fetched afterwards."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import select

from llmio.core import audit, work
from llmio.core.errors import Invalid, NotFound
from llmio.core.i18n import _
from llmio.core.outbox import Outbox
from llmio.core.permissions import Permission
from llmio.files import service as files
from llmio.files import storages
from llmio.files.models import Blob
from llmio.groups import membership
from llmio.groups.models import Group
from llmio.polls.models import Poll
from llmio.upkeep.importing.numbers import Numbers
from llmio.upkeep.importing.report import Found
from llmio.upkeep.importing.writing import Writer
from llmio.upkeep.models import GroupImport

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.work import LongWork, Report

KIND = "upkeep.import_group"
FETCH = "upkeep.fetch_file"
SHOWN = 20
FILES_SHOWN = 200


class Outcome(StrEnum):
    """What came of an import."""

    IMPORTED = "imported"
    THERE = "there"
    """The group was imported before, and nothing was changed."""
    NOTHING = "nothing"
    """No group could be read from the file."""


def ask_for_import(ctx: Context, *, filename: str, stream: IO[bytes], again: bool) -> tuple[GroupImport, LongWork]:
    """Keep a file that an administrator handed in, and have it imported. Files that nothing refers to last two days."""
    ctx.require(Permission.ADMIN)
    blob = files.store(ctx, filename=filename, stream=stream)
    one = note(ctx, filename=blob.filename, again=again)
    one.blob_id = blob.id
    audit.note(ctx, "site.import", one)
    asked = work.ask(ctx, KIND, str(_("Import of {name}", name=blob.filename)))
    ctx.enqueue(ctx.app.jobs[KIND], one.id, asked.id)
    return one, asked


def note(ctx: Context, *, filename: str, again: bool) -> GroupImport:
    """Note that a file is to be imported."""
    ctx.require(Permission.ADMIN)
    one = GroupImport(filename=filename, again=again, user_id=ctx.actor_id or None, created_at=ctx.now, report={})
    one.report = Found().as_dict()
    ctx.db.add(one)
    ctx.db.flush()
    return one


def get(ctx: Context, import_id: int) -> GroupImport:
    """One of them."""
    ctx.require(Permission.ADMIN)
    found = ctx.db.get(GroupImport, import_id) if import_id < 2**63 else None
    if found is None:
        raise NotFound(_("There is no such import."))
    return found


def listed(ctx: Context) -> Sequence[GroupImport]:
    """The last ones, the newest first."""
    ctx.require(Permission.ADMIN)
    return ctx.db.scalars(select(GroupImport).order_by(GroupImport.id.desc()).limit(SHOWN)).all()


@contextmanager
def file_of(ctx: Context, one: GroupImport) -> Iterator[IO[bytes]]:
    """The file that was handed in, as one that can be read again and again."""
    blob = ctx.db.get(Blob, one.blob_id) if one.blob_id else None
    if blob is None:
        raise Invalid(_("The file is not there any more. Please hand it in again."))
    with tempfile.TemporaryFile() as file:
        pieces = storages.named(ctx.app, blob.service_name).open(blob.key)
        shutil.copyfileobj(storages.reader(pieces), file)
        yield file


def run(ctx: Context, one: GroupImport, file: IO[bytes], report: Report) -> GroupImport:
    """Read a file into this site: all of it that can be read, in this transaction. A second run changes nothing."""
    if one.finished_at is not None:
        return one
    found, numbers = Found(), Numbers()
    numbers.learn(ctx, file, found)
    if numbers.root is None:
        return _end(ctx, one, found, Outcome.NOTHING)
    one.fingerprint = fingerprint(numbers.root)
    before = _before(ctx, one)
    if before is not None and not one.again:
        one.group_id = before.group_id
        return _end(ctx, one, Found(), Outcome.THERE)
    for line in Writer(ctx, numbers, found, report).write(file):
        ctx.enqueue(ctx.app.jobs[FETCH], one.user_id or 0, _file(line.record), one.id)
    _follow(ctx, numbers)
    one.group_id = numbers.of("groups", numbers.root.get("id"))
    return _end(ctx, one, found, Outcome.IMPORTED if one.group_id else Outcome.NOTHING)


@dataclass(frozen=True)
class Missing:
    """A file that is not here: what it is called, to which kind of record it belongs, why it did not come ("" where it was not its
    turn yet), and whether it is tried no more.
    """

    filename: str
    record_type: str
    why: str
    given_up: bool


def files_missing(ctx: Context, one: GroupImport) -> list[Missing]:
    """Of the files that the export names those that have not come, the refused ones first."""
    ctx.require(Permission.ADMIN)
    query = (
        select(Outbox)
        .where(Outbox.job == FETCH, Outbox.args[2].as_integer() == one.id)
        .order_by(Outbox.dead_at.is_(None), Outbox.last_error.is_(None), Outbox.id)
    )
    return [
        Missing(
            str(row.args[1].get("filename") or ""),
            str(row.args[1].get("record_type") or ""),
            reason(row.last_error),
            row.dead_at is not None,
        )
        for row in ctx.db.scalars(query.limit(FILES_SHOWN))
    ]


def reason(error: str | None) -> str:
    """What a traceback ends with, without the name of the class."""
    last = (error or "").strip().rpartition("\n")[2]
    name, colon, words = last.partition(": ")
    return words if colon and name.replace(".", "").isidentifier() else last


def file_came(ctx: Context, import_id: int) -> None:
    """Count a file that came."""
    one = ctx.db.get(GroupImport, import_id, with_for_update=True)
    if one is not None:
        one.report = one.report | {"files_came": one.report.get("files_came", 0) + 1}


def fingerprint(record: Mapping[str, Any]) -> str:
    """The same for every export of a group, and of no other group."""
    parts = (str(record.get(name)) for name in ("id", "key", "created_at"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _before(ctx: Context, one: GroupImport) -> GroupImport | None:
    """An import of the same group that is still here."""
    query = (
        select(GroupImport)
        .join(Group, Group.id == GroupImport.group_id)
        .where(GroupImport.fingerprint == one.fingerprint, GroupImport.id != one.id)
    )
    return ctx.db.scalars(query.order_by(GroupImport.id).limit(1)).first()


def _file(record: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "host", "record_type", "record_id", "name", "filename", "path", "url", "checksum")
    return {name: record.get(name) for name in names}


def _follow(ctx: Context, numbers: Numbers) -> None:
    """What is counted, ordered and found is made from the rows."""
    ctx.db.expire_all()
    for group_id in numbers.new("groups"):
        group = ctx.db.get(Group, group_id)
        if group is not None:
            membership.recount(ctx, group)
    for discussion_id in numbers.new("discussions"):
        ctx.enqueue(ctx.app.jobs["upkeep.repair_thread"], discussion_id)
        ctx.enqueue(ctx.app.jobs["search.reindex_discussion"], discussion_id)
    for poll_id in numbers.new("polls"):
        ctx.enqueue(ctx.app.jobs["polls.recount"], poll_id)
    new = list(numbers.new("polls"))
    for start in range(0, len(new), 500):
        alone = select(Poll.id).where(Poll.id.in_(new[start : start + 500]), Poll.discussion_id.is_(None))
        for poll_id in ctx.db.scalars(alone):
            ctx.enqueue(ctx.app.jobs["search.reindex_poll"], poll_id)


def _end(ctx: Context, one: GroupImport, found: Found, outcome: Outcome) -> GroupImport:
    one.outcome, one.report, one.finished_at = outcome, found.as_dict(), ctx.now
    ctx.db.flush()
    return one
