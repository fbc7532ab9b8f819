"""After a dump was taken over: votes counted anew, threads put in order, files in their place. Each may be done twice."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from llmio.continuity.looking import Say, silent
from llmio.core.app import App
from llmio.core.context import Context
from llmio.core.errors import Invalid, LlmioError
from llmio.core.i18n import _
from llmio.core.outbox import Outbox
from llmio.discussions.models import Discussion
from llmio.files import storages
from llmio.files.models import Blob
from llmio.plugins import is_key
from llmio.polls import service as polls
from llmio.polls.models import Poll
from llmio.search import jobs as search
from llmio.search.models import SearchBuild
from llmio.upkeep.models import AdoptionFinding
from llmio.upkeep.service import repair

OUT_OF_ORDER = text("""
SELECT d.id, coalesce(e.items, 0) AS items, d.items_count FROM discussions d
LEFT JOIN (SELECT discussion_id, count(*) AS items, max(sequence_id) AS newest, count(sequence_id) AS numbered,
                  count(position_key) AS placed FROM events WHERE discussion_id IS NOT NULL GROUP BY 1) e ON e.discussion_id = d.id
WHERE coalesce(e.items, 0) <> d.items_count OR coalesce(e.newest, 0) <> d.last_sequence_id
   OR e.numbered < e.items OR e.placed < e.items
ORDER BY d.id
""")
MISCOUNTED = text("""
SELECT p.id, p.voters_count, coalesce(o.published, 0) AS published, coalesce(v.score, 0) AS score FROM polls p
LEFT JOIN (SELECT poll_id, sum(total_score) AS published FROM poll_options GROUP BY 1) o ON o.poll_id = p.id
LEFT JOIN (SELECT s.poll_id, sum(c.score) AS score FROM stances s JOIN stance_choices c ON c.stance_id = s.id
           WHERE s.latest AND s.revoked_at IS NULL GROUP BY 1) v ON v.poll_id = p.id
LEFT JOIN (SELECT poll_id, count(*) AS voters FROM stances WHERE latest AND revoked_at IS NULL GROUP BY 1) n ON n.poll_id = p.id
WHERE p.closed_at IS NULL AND (coalesce(o.published, 0) <> coalesce(v.score, 0) OR coalesce(n.voters, 0) <> p.voters_count)
ORDER BY p.id
""")
FEW = 200
"""Files looked up at a time."""
PLACES = frozenset({"local", "test"})
"""Storages whose files lie in the folder that came along."""


def put_in_order(app: App, say: Say = silent) -> tuple[int, int]:
    """Count open polls whose counters are not what their votes say, and put threads in order: (polls, threads)."""
    with app.begin() as ctx:
        wrong = ctx.db.execute(MISCOUNTED).all()
        tangled = ctx.db.execute(OUT_OF_ORDER).all()
    for number, row in enumerate(wrong):
        say("polls", number, len(wrong))
        what = f"counters: {row.published} points published, the votes have {row.score}"
        with _noting(app, "polls", row, what, "counted anew") as ctx:
            polls.recount_poll(ctx, ctx.db.get_one(Poll, row.id))
    for number, row in enumerate(tangled):
        say("threads", number, len(tangled))
        what = f"items: {row.items} are there, {row.items_count} were counted; or some had no place"
        with _noting(app, "discussions", row, what, "put in order") as ctx:
            repair.repair_thread(ctx, ctx.db.get_one(Discussion, row.id))
    return len(wrong), len(tangled)


@contextmanager
def _noting(app: App, table: str, row: Row[Any], what: str, done: str) -> Iterator[Context]:
    """A transaction of its own for one row, and the note of it. What cannot be mended is noted too, and holds nothing else up."""
    try:
        with app.begin() as ctx:
            yield ctx
            ctx.db.add(_finding(table, row.id, what, done, str(row._asdict())))
    except DBAPIError as error:
        if error.connection_invalidated or isinstance(error, OperationalError):
            raise
        with app.begin() as ctx:
            same = (AdoptionFinding.table_name == table, AdoptionFinding.row_id == str(row.id))
            if (
                ctx.db.scalar(select(AdoptionFinding.id).where(*same, AdoptionFinding.what.startswith(what)).limit(1))
                is None
            ):
                what = f"{what}; {str(error.orig).splitlines()[0]}"
                ctx.db.add(_finding(table, row.id, what, "kept as it was", str(row._asdict())))


def _finding(table: str, row_id: int, what: str, done: str, original: str) -> AdoptionFinding:
    return AdoptionFinding(table_name=table, row_id=str(row_id), what=what, done=done, original=original)


def index(app: App) -> None:
    """Ask for the search index, unless it was built or asked for already."""
    with app.begin() as ctx:
        asked = ctx.db.scalar(select(Outbox.id).where(Outbox.job == search.REINDEX).limit(1))
        if asked is None and ctx.db.scalar(select(SearchBuild.id).limit(1)) is None:
            ctx.enqueue(search.reindex)


@dataclass
class Placed:
    """Files: how many rows there are, copied now, there already, in storages of others; and what is wrong with some."""

    rows: int = 0
    copied: int = 0
    there: int = 0
    elsewhere: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dict(vars(self))


def place(app: App, folder: Path, say: Say = silent, *, dry: bool = False) -> Placed:
    """Bring the files of the reference's storage folder into the storage that takes new files, each checked by its sum.

    A file that is there already is left; so it goes on where it was stopped. `dry` copies none. Raises Invalid where the folder is none.
    """
    if not folder.is_dir():
        raise Invalid(
            _("{folder} is no folder. It is the volume `storage` of Loomio's app container.", folder=str(folder))
        )
    found = Placed()
    target = storages.chosen(app)
    for blob in _blobs(app):
        found.rows += 1
        say("files", found.rows, 0)
        if blob.service_name not in PLACES:
            found.elsewhere[blob.service_name] = found.elsewhere.get(blob.service_name, 0) + 1
            continue
        try:
            fault = _place(app, blob, folder, target, found, dry=dry)
        except (LlmioError, OSError) as error:
            fault = str(error)
        if fault:
            found.faults.append(f"file {blob.id} ({blob.filename}): {fault}")
    return found


def _place(app: App, blob: Blob, folder: Path, target: str, found: Placed, *, dry: bool) -> str:
    """Bring one; what is wrong with it, or nothing."""
    if not is_key(blob.key):
        return "its key is none"
    storage = storages.named(app, target)
    source = folder / blob.key[:2] / blob.key[2:4] / blob.key
    if storage.exists(blob.key) and storage.size(blob.key) == blob.byte_size:
        found.there += 1
    elif not source.is_file():
        return "is not in the folder"
    elif source.stat().st_size != blob.byte_size or (blob.checksum and _md5(source) != blob.checksum):
        return "is not what its row says (size or checksum)"
    else:
        if not dry:
            with source.open("rb") as stream:
                storage.save(blob.key, stream)
        found.copied += 1
    if blob.service_name != target:
        with app.begin() as ctx:
            ctx.db.get_one(Blob, blob.id).service_name = target
    return ""


def _md5(path: Path) -> str:
    made = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            made.update(piece)
    return base64.b64encode(made.digest()).decode()


def _blobs(app: App) -> Iterator[Blob]:
    last = 0
    while True:
        with app.begin() as ctx:
            page = list(ctx.db.scalars(select(Blob).where(Blob.id > last).order_by(Blob.id).limit(FEW)))
            ctx.db.expunge_all()
        if not page:
            return
        yield from page
        last = page[-1].id
