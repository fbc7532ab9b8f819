"""Small forms of pictures, as Active Storage keeps them: a variant record, whose image is a file like any other."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from llmio.files import intake, marshal, queries, service, shrink, storages
from llmio.files.models import Attachment, Blob, VariantRecord

if TYPE_CHECKING:
    from llmio.core.app import App

log = logging.getLogger(__name__)
KINDS = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "png",
    "image/avif": "jpg",
    "image/tiff": "jpg",
}
"""Type of a picture → ending of its small form."""
TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
LARGEST = 64 << 20
"""Bytes: of a larger picture none is made."""
PATIENCE = 60.0


def make(app: App, blob_id: int) -> str:
    """Make the small form of a picture, unless there is one; why none was made, or nothing. Doing it twice does no harm."""
    with app.begin() as ctx:
        blob = ctx.db.get(Blob, blob_id)
        if blob is None or blob.content_type not in KINDS or blob.byte_size > LARGEST or queries.preview(ctx, blob_id):
            return "not wanted"
        ctx.db.expunge(blob)
    with tempfile.TemporaryDirectory(prefix="llmio-preview-") as folder:
        ending = KINDS[str(blob.content_type)]
        source, target = Path(folder, "source"), Path(folder, f"target.{ending}")
        with source.open("wb") as file:
            for piece in storages.named(app, blob.service_name).open(blob.key):
                file.write(piece)
        found = _shrunk(source, target)
        if "refused" not in found:
            with target.open("rb") as stream, intake.taken(stream, LARGEST) as small:
                key, storage = service.new_key(), storages.for_new_files(app)
                storage.save(key, small.stream)
                _keep(app, blob, found, small, key, ending)
            return ""
    _note(app, blob_id, found)
    return str(found["refused"])


def _shrunk(source: Path, target: Path) -> dict[str, Any]:
    words = [sys.executable, "-P", shrink.__file__, str(source), str(target)]
    # One thread is enough for small work, and the child learns nothing of the site's secrets.
    variables = {"VIPS_CONCURRENCY": "1", "MALLOC_ARENA_MAX": "2"}
    try:
        done = subprocess.run(words, env=variables, capture_output=True, timeout=PATIENCE, check=False)  # noqa: S603  # ours
    except subprocess.TimeoutExpired:
        return {"refused": "took too long"}
    if done.returncode != 0 or not done.stdout:
        log.warning("no preview: %s", done.stderr.decode(errors="replace")[-500:])
        return {"refused": "took too much"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _keep(app: App, blob: Blob, found: dict[str, Any], small: intake.Taken, key: str, ending: str) -> None:
    """The rows. Where somebody else made it meanwhile, or the picture is gone, our bytes go."""
    storage = storages.for_new_files(app)
    with app.begin() as ctx:
        ctx.tm.get().addAfterAbortHook(storage.delete, args=(key,))
        there = ctx.db.scalar(select(Blob).where(Blob.id == blob.id).with_for_update())
        if there is not None and queries.preview(ctx, blob.id) is None:
            record = VariantRecord(blob_id=blob.id, variation_digest=digest(ending))
            image = Blob(
                key=key,
                filename=f"{Path(blob.filename).stem}.{ending}",
                content_type=TYPES[ending],
                metadata_=json.dumps(
                    {
                        "identified": True,
                        "width": found["small_width"],
                        "height": found["small_height"],
                        "analyzed": True,
                    }
                ),
                byte_size=small.size,
                checksum=small.checksum,
                service_name=storage.backend.key,
                created_at=ctx.now,
            )
            ctx.db.add_all([record, image])
            ctx.db.flush()
            ctx.db.add(
                Attachment(
                    name="image", record_type=queries.VARIANT, record_id=record.id, blob_id=image.id, created_at=ctx.now
                )
            )
            _describe(there, width=found["width"], height=found["height"])
            return
    storage.delete(key)


def _note(app: App, blob_id: int, found: dict[str, Any]) -> None:
    with app.begin() as ctx:
        blob = ctx.db.get(Blob, blob_id)
        if blob is not None:
            _describe(blob, preview_refused=found["refused"])


def _describe(blob: Blob, **more: Any) -> None:
    try:
        known = json.loads(blob.metadata_ or "{}")
    except ValueError:
        known = {}
    blob.metadata_ = json.dumps({**known, **more})


def digest(ending: str) -> str:
    """What Active Storage calls this variation: the sum over how Ruby writes the transformations down."""
    transformations = {
        marshal.Symbol("format"): ending,
        marshal.Symbol("resize_to_limit"): [shrink.LONGEST, shrink.LONGEST],
        marshal.Symbol("saver"): {marshal.Symbol("quality"): shrink.QUALITY, marshal.Symbol("strip"): True},
    }
    return base64.b64encode(hashlib.sha1(marshal.dump(transformations), usedforsecurity=False).digest()).decode()
