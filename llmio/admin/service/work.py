"""Long work as people see it: their own, and all of it for administrators; asking for an index to be built anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.core import work
from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.work import LongWork
from llmio.search import jobs

if TYPE_CHECKING:
    from llmio.core.context import Context

SHOWN = 10


def listed(ctx: Context) -> Sequence[LongWork]:
    """The last pieces of long work, the newest first."""
    ctx.require(Permission.ADMIN)
    return ctx.db.scalars(select(LongWork).order_by(LongWork.id.desc()).limit(SHOWN)).all()


def get(ctx: Context, work_id: int) -> LongWork:
    """One of the actor's own, or any for an administrator; NotFound for others."""
    me = ctx.signed_in()
    found = ctx.db.get(LongWork, work_id) if work_id < 2**63 else None
    if found is None or not (found.user_id == me.id or ctx.can(Permission.ADMIN)):
        raise NotFound(_("There is no such work, or it is not for you to see."))
    return found


def reindex(ctx: Context) -> LongWork:
    """Ask for the search index to be built anew; one that is under way already is not doubled."""
    ctx.require(Permission.ADMIN)
    found = work.under_way(ctx.db, jobs.reindex.name, ctx.now)
    if found is not None:
        return found
    asked = work.ask(ctx, jobs.reindex.name, str(jobs.TITLE))
    ctx.enqueue(jobs.reindex, asked.id)
    return asked
