"""Plugins: loaded, whole, not failing; and nothing stored that belongs to one that is absent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from llmio.cli.doctor.findings import Finding, found
from llmio.cli.doctor.site import Site
from llmio.plugins import report
from llmio.plugins.registry import State

LATELY: Final = timedelta(days=1)
SCHEMAS = text(r"SELECT nspname FROM pg_namespace WHERE nspname LIKE 'plugin\_%' ORDER BY 1")
POLLS = text("SELECT poll_type, count(*) FROM public.polls WHERE discarded_at IS NULL GROUP BY 1 ORDER BY 1")
FILES = text("SELECT service_name, count(*) FROM public.active_storage_blobs GROUP BY 1 ORDER BY 1")


def check(site: Site) -> Iterator[Finding]:
    """Load all as the site does, pages included; then what went wrong meanwhile, and what is left of others."""
    from llmio import web  # noqa: PLC0415  # slow

    if not any(fault.fatal for fault in site.faults):  # else there are no pages, as area settings says
        web.assemble(site.app)
    for record in site.app.plugins.records:
        if record.state == State.MISSING:
            yield found("plugins.missing", f"{record.name}: {record.error or 'not installed'}")
        elif record.at_fault:
            yield found("plugins.failed", f"{record.name} ({record.state}): {record.error}")
    if "database" in site.works:
        yield from _stored(site)


def _stored(site: Site) -> Iterator[Finding]:
    app = site.app
    with app.begin() as ctx:
        now = ctx.db.execute(text("SELECT clock_timestamp()")).scalar_one()
        for line in report.lines(app, ctx.db):
            late = [one for one in line.failures if now - one.last_at < LATELY]
            if late:
                times = sum(one.count for one in late)
                yield found(
                    "plugins.failing",
                    f"{line.record.name}: {times} times, last at {late[0].where}: {late[0].error[:200]}",
                )
        known = {record.name for record in app.plugins.records if record.state != State.MISSING}
        for schema in ctx.db.scalars(SCHEMAS):
            name = schema.removeprefix("plugin_")
            if name not in known:
                yield found("plugins.orphan", f"schema {schema} belongs to plugin {name}, which is not installed")
        for kind, count in ctx.db.execute(POLLS).all():
            if kind not in app.plugins.poll_types:
                yield found("plugins.orphan", f"{count} polls of kind {kind}, which no plugin here offers")
        for service, count in ctx.db.execute(FILES).all():
            if service not in app.plugins.storages:
                yield found("plugins.orphan", f"{count} files in storage {service}, which no plugin here offers")
