"""Small forms of pictures, as Active Storage keeps them: a variant record, whose image is a file like any other."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from llmio.files import intake, marshal, originals, queries, service, shrink, sniff, storages
from llmio.files.models import Attachment, Blob, VariantRecord

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

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
LOGO = 256
"""Pixels of the longest side of a group's logo: it is shown small, on every page."""
SIDES = (shrink.LONGEST, LOGO)
SMALL = 600
"""Pixels: what another program made may stand for a preview where it is at least as wide or high."""
LARGEST = 64 << 20
"""Bytes: of a larger picture none is made."""
PATIENCE = 60.0
REFUSED = "preview_refused"
"""Key in the metadata of a picture: why it has no small form."""


def is_possible(blob: Blob) -> bool:
    """Whether a small form can be made, as far as is known."""
    return blob.content_type in KINDS and blob.byte_size <= LARGEST and not originals.known(blob).get(REFUSED)


def is_bomb(blob: Blob) -> bool:
    """Whether a picture was found to have so many pixels that no program should be made to show it."""
    return originals.known(blob).get(REFUSED) == shrink.TOO_MANY


def find(ctx: Context, blob: Blob, side: int = shrink.LONGEST) -> Blob | None:
    """The small form of a picture of this size; for a preview also what another program made, where it is no thumbnail."""
    forms = queries.small_forms(ctx, blob.id)
    named = digests(blob, side)
    exact = next((image for name, image in forms if name in named), None)
    if exact is not None or side != shrink.LONGEST:
        return exact
    own = {name for other in SIDES for name in digests(blob, other)}
    others = [image for name, image in forms if name not in own and not _is_thumbnail(image)]
    return max(others, key=lambda image: image.byte_size, default=None)


def _is_thumbnail(image: Blob) -> bool:
    """As its metadata say; a variant that was never measured is taken for one where it is of few bytes."""
    size = originals.known(image)
    longest = max(int(size.get("width") or 0), int(size.get("height") or 0))
    return longest < SMALL if longest else image.byte_size < 10_000


def make(app: App, blob_id: int, side: int = shrink.LONGEST) -> str:
    """Make a small form of a picture, unless there is one; why none was made, or nothing. Doing it twice does no harm."""
    with app.begin() as ctx:
        blob = ctx.db.get(Blob, blob_id)
        if blob is None or side not in SIDES or not is_possible(blob) or find(ctx, blob, side):
            return "not wanted"
        ctx.db.expunge(blob)
    with tempfile.TemporaryDirectory(prefix="llmio-preview-") as folder:
        ending = KINDS[str(blob.content_type)]
        source, target = Path(folder, "source"), Path(folder, f"target.{ending}")
        with source.open("wb") as file:
            for piece in storages.named(app, blob.service_name).open(blob.key):
                file.write(piece)
        found = _shrunk(source, target, side)
        if "refused" not in found:
            with target.open("rb") as stream, intake.taken(stream, LARGEST) as small:
                key, storage = service.new_key(), storages.for_new_files(app)
                storage.save(key, small.stream)
                _keep(app, blob, found, small, key=key, ending=ending, side=side)
            return ""
    _note(app, blob_id, found)
    return str(found["refused"])


def _shrunk(source: Path, target: Path, side: int) -> dict[str, Any]:
    words = [sys.executable, "-P", shrink.__file__, str(source), str(target), str(side)]
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


def _keep(
    app: App, blob: Blob, found: dict[str, Any], small: intake.Taken, *, key: str, ending: str, side: int
) -> None:
    """The rows. Where somebody else made it meanwhile, or the picture is gone, our bytes go."""
    storage = storages.for_new_files(app)
    with app.begin() as ctx:
        ctx.tm.get().addAfterAbortHook(storage.delete, args=(key,))
        there = ctx.db.scalar(select(Blob).where(Blob.id == blob.id).with_for_update())
        if there is not None and find(ctx, there, side) is None:
            name = format_of(blob, ending)
            record = VariantRecord(blob_id=blob.id, variation_digest=digest(name, side))
            image = Blob(
                key=key,
                filename=f"{Path(blob.filename).stem}.{name.lower()}",
                content_type=TYPES[ending],
                metadata_=json.dumps(
                    {
                        "identified": True,
                        "width": found["small_width"],
                        "height": found["small_height"],
                        "analyzed": True,
                        originals.STRIPPED: True,
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
            originals.describe(there, width=found["width"], height=found["height"])
            return
    storage.delete(key)


def _note(app: App, blob_id: int, found: dict[str, Any]) -> None:
    with app.begin() as ctx:
        blob = ctx.db.get(Blob, blob_id)
        if blob is not None:
            originals.describe(blob, **{REFUSED: found["refused"]})


def format_of(blob: Blob, ending: str) -> str:
    """What Active Storage calls the format of a variation: as the file's name writes it, where the name tells its type."""
    written = Path(blob.filename).suffix[1:]
    return written if sniff.named(blob.filename) == blob.content_type == TYPES.get(ending) else ending


def digests(blob: Blob, side: int = shrink.LONGEST) -> set[str]:
    """The names that a variation of a picture may have, whichever format it was made in. PNG stands in a name as a symbol
    where Active Storage chose it for a picture that browsers do not show.
    """
    written = Path(blob.filename).suffix[1:]
    return {
        digest(name, side) for name in (written, "jpg", "jpeg", "png", "webp", "gif", marshal.Symbol("png")) if name
    }


@lru_cache(maxsize=256)
def _digest(name: str, side: int, *, symbol: bool) -> str:
    transformations = {
        marshal.Symbol("format"): marshal.Symbol(name) if symbol else name,
        marshal.Symbol("resize_to_limit"): [side, side],
        marshal.Symbol("saver"): {marshal.Symbol("quality"): shrink.QUALITY, marshal.Symbol("strip"): True},
    }
    return base64.b64encode(hashlib.sha1(marshal.dump(transformations), usedforsecurity=False).digest()).decode()


def digest(name: str, side: int = shrink.LONGEST) -> str:
    """What Active Storage calls a variation: SHA-1 over how Ruby writes the transformations down (`Variation#digest`); the
    format, which it fills in itself, stands first.
    """
    return _digest(str(name), side, symbol=isinstance(name, marshal.Symbol))
