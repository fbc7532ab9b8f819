"""The log of administrators' acts: rows that hold each other's digests, so that none can be changed or dropped unseen.

Each row's digest is SHA-256 over the digest before it and the row as canonical JSON, as Haber and Stornetta link documents ("How to
time-stamp a digital document", 1991) and Schneier and Kelsey the lines of a log ("Secure audit logs to support computer
forensics", 1999). The database refuses to change rows. Who owns the database can still write the whole chain anew, or cut its end: so each
new digest also goes into the process's log and into a file beside the data (anchors), which `verify` compares.

It holds numbers, not names of people: closing an account needs no change here.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Index, Text, TypeDecorator, case, func, select, text, type_coerce
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, Session, mapped_column

from llmio.core.db import Base
from llmio.core.i18n import _

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.settings import Settings

log = logging.getLogger("llmio.audit")
LOCK = 0x61756469
"""Key of the advisory lock under which rows are added, one transaction at a time."""
FIRST = "0" * 64
BATCH = 1000
FAULTS: Final[Mapping[str, object]] = {
    "missing": _("this row is missing"),
    "changed": _("this row or its digest was changed"),
    "anew": _("the chain was written anew: another digest was kept aside"),
    "end": _("the end is missing: later rows were kept aside"),
    "added": _("this row was put before the first: nothing written here has such a number"),
}
"""What may be wrong with a row."""


class Moment(TypeDecorator[datetime]):
    """A moment, None where no calendar knows it: that is no work of this site, and the row is to be seen all the same."""

    impl = TIMESTAMP(timezone=True)
    cache_ok = True

    def column_expression(self, column: Any) -> Any:
        """Only what can be read at all."""
        readable = column.between(text("'0001-01-02'::timestamptz"), text("'9999-12-30'::timestamptz"))
        return type_coerce(case((readable, column)), self)


class AuditEntry(Base):
    """One act of an administrator, chained to the one before."""

    __tablename__ = "audit_log"
    __table_args__ = (
        Index("index_audit_log_on_group_id", "group_id"),
        Index("index_audit_log_on_subject", "subject_type", "subject_id"),
        {"schema": "llmio"},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """Counts without gaps."""
    at: Mapped[datetime] = mapped_column(Moment)
    actor_id: Mapped[int | None]
    """None: the operator, by a command, or the site itself."""
    act: Mapped[str] = mapped_column(Text)
    """`subject.act`, such as `user.make_admin`."""
    subject_type: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    group_id: Mapped[int | None] = mapped_column(BigInteger)
    """The group whose members may read it."""
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(Text)


@dataclass(frozen=True)
class Verdict:
    """What came of checking: the last row up to which all is well with its digest, how many were read for that, and the
    first that is wrong with a key of FAULTS.
    """

    rows: int
    head: str
    read: int = 0
    broken: int | None = None
    fault: str = ""

    @property
    def reason(self) -> str:
        """What is wrong, in words."""
        return str(FAULTS.get(self.fault, ""))


def note(ctx: Context, act: str, subject: Any = None, *, group_id: int | None = None, **details: Any) -> AuditEntry:
    """Write an act down in this transaction; whoever adds a row waits for those who are adding one.

    `details` are values of JSON; no names or addresses of people.
    """
    ctx.db.flush()
    ctx.db.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    newest = select(AuditEntry.id, AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)
    before = ctx.db.execute(newest).one_or_none()
    entry = AuditEntry(
        id=before.id + 1 if before else 1,
        at=ctx.now,
        actor_id=ctx.actor_id,
        act=act,
        subject_type=type(subject).__name__ if subject is not None else "",
        subject_id=subject.id if subject is not None else None,
        group_id=group_id,
        details=details,
    )
    entry.digest = digest_of(entry, before.digest if before else FIRST)
    ctx.db.add(entry)
    ctx.db.flush()
    number, digest, settings = entry.id, entry.digest, ctx.app.settings
    ctx.tm.get().addAfterCommitHook(lambda committed: anchor(settings, number, digest) if committed else None)
    return entry


def differences(before: Mapping[str, Any], after: Mapping[str, Any], *, long: Collection[str] = ()) -> dict[str, Any]:
    """What changed, for `details`: name → [before, after]; of `long` texts, which may name people, only that they did."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: None if name in long else [before.get(name), after[name]] for name in changed}


def note_of_other(ctx: Context, act: str, subject: Any, *, author_id: int | None, place: Any) -> None:
    """Write down that the actor took away what somebody else wrote; not what was one's own.

    `place` is the thread or poll whose group's members may read it.
    """
    if author_id != ctx.actor_id:
        note(ctx, act, subject, group_id=place.group_id if place is not None else None, author_id=author_id)


def digest_of(entry: Any, before: str) -> str:
    """The digest of a row (a record, or its plain values) that follows one with digest `before`, as 64 hexadecimal letters."""
    values: Mapping[str, Any] = {
        "id": entry.id,
        "at": entry.at.astimezone(UTC).isoformat(timespec="microseconds") if entry.at else None,
        "actor_id": entry.actor_id,
        "act": entry.act,
        "subject_type": entry.subject_type,
        "subject_id": entry.subject_id,
        "group_id": entry.group_id,
        "details": entry.details,
    }
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{before}\n{canonical}".encode()).hexdigest()


def anchors_file(settings: Settings) -> Path:
    """Where this machine keeps the digests it saw: a line `id digest` each."""
    return Path(settings.text("llmio.data")) / "audit-anchors.txt"


def anchor(settings: Settings, number: int, digest: str) -> None:
    """Keep a digest aside, in the log and in a file; the act stands even where the file cannot be written."""
    log.info("audit log: row %s has digest %s", number, digest)
    try:
        with anchors_file(settings).open("a", encoding="ascii") as file:
            file.write(f"{number} {digest}\n")
    except OSError as error:
        log.warning("audit log: the digest of row %s is not kept aside: %s", number, error)


def anchors_of(settings: Settings) -> dict[int, str]:
    """The digests kept aside on this machine, by row."""
    path = anchors_file(settings)
    lines = path.read_text(encoding="ascii", errors="replace").splitlines() if path.exists() else []
    parts = (line.split() for line in lines)
    return {int(part[0]): part[1] for part in parts if len(part) == 2 and part[0].isdecimal()}  # id, digest


def verify(
    db: Session,
    anchors: Mapping[int, str],
    *,
    start: tuple[int, str] = (0, FIRST),
    reach: Callable[[int, int], None] = lambda _done, _total: None,
) -> Verdict:
    """Read the chain, a thousand rows at a time; anchors beyond its end tell that it was cut.

    `start` is a row with the digest that it had when all up to it was found well: reading goes on after it, so that what
    was changed before it since is not seen. `reach` is told how many rows were read, of how many.
    """
    last, before = start
    total = (db.scalar(select(func.max(AuditEntry.id))) or 0) - last

    def broken(row: int, fault: str) -> Verdict:
        return Verdict(last, before, last - start[0], row, fault)

    if fault := _before(db, last, before):
        return broken(*fault)
    for entry in _rows(db, last):
        if entry.id != last + 1:
            return broken(last + 1, "missing")
        digest = digest_of(entry, before)
        if digest != entry.digest:
            return broken(entry.id, "changed")
        if anchors.get(entry.id, digest) != digest:
            return broken(entry.id, "anew")
        last, before = entry.id, digest
        if last % BATCH == 0:
            reach(last - start[0], total)
    if any(number > last for number in anchors):
        return broken(last + 1, "end")
    return Verdict(last, before, last - start[0])


def _before(db: Session, last: int, before: str) -> tuple[int, str] | None:
    """What is wrong with where reading begins: its row, or rows that were put before the first."""
    if last:
        digest = db.scalar(select(AuditEntry.digest).where(AuditEntry.id == last))
        if digest != before:
            return last, "missing" if digest is None else "changed"
    added = db.scalar(select(func.min(AuditEntry.id)).where(AuditEntry.id < 1))
    return None if added is None else (added, "added")


def _rows(db: Session, after: int) -> Iterable[Any]:
    """The rows after one as plain values, which is more than twice as quick as records."""
    while True:
        query = select(*AuditEntry.__table__.c).where(AuditEntry.id > after).order_by(AuditEntry.id).limit(BATCH)
        found = db.execute(query).all()
        yield from found
        if len(found) < BATCH:
            return
        after = found[-1].id
