"""The doctor's last examination of the site, for administrators: asked for, kept, shown, handed out as a support bundle."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select
from sqlalchemy.orm import undefer

from llmio.admin.models import Examination
from llmio.core import work
from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.work import LongWork

if TYPE_CHECKING:
    from llmio.core.context import Context

EXAMINE = "admin.examine"
TITLE = _("Looking at every part of the site")


def ask(ctx: Context) -> LongWork:
    """Have the site examined; an examination that is under way is not doubled."""
    ctx.require(Permission.ADMIN)
    found = work.under_way(ctx.db, EXAMINE, ctx.now)
    if found is not None:
        return found
    asked = work.ask(ctx, EXAMINE, str(TITLE))
    ctx.enqueue(ctx.app.jobs[EXAMINE], asked.id)
    return asked


def under_way(ctx: Context) -> LongWork | None:
    """An examination that waits or goes on."""
    ctx.require(Permission.ADMIN)
    return work.under_way(ctx.db, EXAMINE, ctx.now)


def keep(ctx: Context, findings: Sequence[dict[str, Any]], bundle: bytes) -> Examination:
    """Keep an examination in the place of the one before."""
    ctx.db.execute(delete(Examination))
    one = Examination(made_at=ctx.now, findings=list(findings), bundle=bundle)
    ctx.db.add(one)
    return one


def latest(ctx: Context) -> Examination | None:
    """The last one, without its bundle."""
    ctx.require(Permission.ADMIN)
    return ctx.db.scalars(select(Examination).order_by(Examination.id.desc()).limit(1)).one_or_none()


def with_bundle(ctx: Context) -> Examination:
    """The last one with its bundle; NotFound where the site was never examined."""
    ctx.require(Permission.ADMIN)
    query = select(Examination).options(undefer(Examination.bundle)).order_by(Examination.id.desc()).limit(1)
    found = ctx.db.scalars(query).one_or_none()
    if found is None:
        raise NotFound(_("The site was not examined yet, so there is no bundle."))
    return found
