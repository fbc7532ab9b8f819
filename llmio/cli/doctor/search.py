"""The search index: there, and not behind."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import text

from llmio.cli.doctor.findings import Finding, found
from llmio.cli.doctor.site import Site
from llmio.search import building
from llmio.web.health import LATE

STOPPED = timedelta(hours=1)
"""A building that made no step for so long goes on by itself no more."""
OLDEST = text(
    "SELECT min(available_at) FROM llmio.outbox WHERE job LIKE 'search.%' AND dead_at IS NULL AND available_at <= :now"
)


def check(site: Site) -> Iterator[Finding]:
    """What `llmio search status` shows, judged."""
    with site.app.begin() as ctx:
        state = building.status(ctx)
        now = ctx.db.execute(text("SELECT clock_timestamp()")).scalar_one()
        since = ctx.db.scalar(OLDEST, {"now": now})
    if state["records"] and state["documents"] == 0:
        yield found("search.empty", f"{state['records']:,} records, and nothing in the index of {state['provider']}")
        return
    if since is not None and now - since > LATE:
        yield found(
            "search.behind", f"{state['waiting']:,} changes wait, the oldest for {(now - since).total_seconds():.0f} s"
        )
    build = state["build"]
    if build and not build["finished_at"] and now - datetime.fromisoformat(build["updated_at"]) > STOPPED:
        yield found("search.behind", f"building the index stopped at {build['percent']} % ({build['updated_at'][:16]})")
