"""Checking the log of acts: all of it, or what is new since the last check, with what came of it last."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.admin.models import AuditCheck
from llmio.core import audit, work
from llmio.core.i18n import _
from llmio.core.permissions import Permission

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

    from llmio.core.app import App
    from llmio.core.context import Context
    from llmio.core.work import LongWork

log = logging.getLogger("llmio.audit")
WHOLE: Final = "admin.check_acts"
NEW: Final = "admin.check_new_acts"
TITLES: Final = {WHOLE: _("Checking the log of acts as a whole"), NEW: _("Checking what is new in the log of acts")}


def run(app: App, *, whole: bool, reach: Callable[[int, int], None] = lambda _done, _total: None) -> audit.Verdict:
    """Check the chain against what this machine kept aside, and keep what came of it; what is wrong is logged as an error.

    What is new is what follows the last row that any check found well.
    """
    began = time.monotonic()
    with app.begin() as ctx:
        start = (0, audit.FIRST) if whole else _start(ctx.db)
        found = audit.verify(ctx.db, audit.anchors_of(app.settings), start=start, reach=reach)
        values = {
            "made_at": ctx.now,
            "seconds": time.monotonic() - began,
            "read": found.read,
            "rows": found.rows,
            "head": found.head,
            "broken": found.broken,
            "fault": found.fault,
        }
        made = upsert(AuditCheck).values(whole=whole, **values)
        ctx.db.execute(made.on_conflict_do_update(index_elements=["whole"], set_=values))
    if found.broken is not None:
        log.error("audit log: row %s: %s", found.broken, found.reason)
    return found


def _start(db: Session) -> tuple[int, str]:
    newest = db.scalars(select(AuditCheck).order_by(AuditCheck.made_at.desc()).limit(1)).one_or_none()
    return (newest.rows, newest.head) if newest is not None else (0, audit.FIRST)


def ask(ctx: Context, kind: str) -> LongWork:
    """Have the log checked; a check of the kind that is under way is not doubled."""
    ctx.require(Permission.ADMIN)
    found = work.under_way(ctx.db, kind, ctx.now)
    if found is not None:
        return found
    asked = work.ask(ctx, kind, str(TITLES[kind]))
    ctx.enqueue(ctx.app.jobs[kind], asked.id)
    return asked


def under_way(ctx: Context) -> LongWork | None:
    """A check that waits or goes on."""
    return next((one for kind in TITLES if (one := work.under_way(ctx.db, kind, ctx.now))), None)


def last(db: Session) -> Mapping[bool, AuditCheck]:
    """What came of the last checks: of the whole log (True), and of what was new (False)."""
    return {one.whole: one for one in db.scalars(select(AuditCheck))}


def worst(db: Session) -> AuditCheck | None:
    """A check that found something wrong. Only one of the same kind that finds all well takes its place."""
    return db.scalars(select(AuditCheck).where(AuditCheck.broken.is_not(None)).order_by(AuditCheck.broken)).first()
