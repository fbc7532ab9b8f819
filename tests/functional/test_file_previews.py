"""Small forms of pictures: made by a job, without what the camera noted, and never at any price."""

from __future__ import annotations

import json
import struct
import zlib
from io import BytesIO
from pathlib import Path

import pytest
import pyvips
from sqlalchemy import select

from llmio.files import jobs, marshal, previews, service, signing
from llmio.files.models import Attachment, Blob, VariantRecord
from llmio.files.stripping import strip


@pytest.fixture
def member(make):
    return make.user()


@pytest.fixture
def upload(ctx, member, commit, run_jobs):
    """Take a file in and let the jobs run; its row."""

    def take(content, name="photo.jpg"):
        blob = service.store(ctx(member), filename=name, stream=BytesIO(content))
        commit()
        run_jobs()
        return blob

    return take


def photo(width=2000, height=1000, kind=".jpg", **notes):
    """A picture with what a camera notes in it."""
    image = pyvips.Image.gaussnoise(width, height).cast("uchar").bandjoin([128, 200]).copy(interpretation="srgb")
    image = image.copy()
    for field, value in notes.items():
        image.set_type(pyvips.GValue.gstr_type, f"exif-{field.replace('_', '-')}", value)
    return image.write_to_buffer(kind)


CAMERA = {"ifd0_Model": "PhoneOfAda", "ifd0_Make": "Maker", "ifd3_GPSLatitude": "52/1 31/1 0/1"}


def without_notes(content, kind="image/jpeg"):
    return b"".join(strip(BytesIO(content), kind))


def form_of(ctx, member, blob_id, *side):
    context = ctx(member)
    return previews.find(context, context.db.get(Blob, blob_id), *side)


def bytes_of(app, blob):
    return Path(app.settings["llmio.data"], "storage", blob.key[:2], blob.key[2:4], blob.key).read_bytes()


def test_a_small_form_is_made_and_kept_as_the_reference_does(upload, db, ctx, member, web, app):
    blob = upload(photo(), "Übersicht.jpg")
    record = db.scalars(select(VariantRecord).where(VariantRecord.blob_id == blob.id)).one()
    assert record.variation_digest == previews.digest("jpg")
    image = form_of(ctx, member, blob.id)
    tie = db.scalars(select(Attachment).where(Attachment.blob_id == image.id)).one()
    assert (tie.name, tie.record_type, tie.record_id) == ("image", "ActiveStorage::VariantRecord", record.id)
    assert (image.filename, image.content_type, image.service_name) == ("Übersicht.jpg", "image/jpeg", "local")
    small = pyvips.Image.new_from_buffer(bytes_of(app, image), "")
    assert (small.width, small.height) == (1280, 640)
    db.refresh(blob)
    known = json.loads(blob.metadata_)
    assert (known["width"], known["height"], known["uploader_id"]) == (2000, 1000, member.id)
    url = signing.url(ctx(member), blob)
    assert web.get(f"{url}?preview=1").body == bytes_of(app, image)
    assert web.get(url).body == bytes_of(app, blob)
    assert jobs.preview(app, "Blob", blob.id) == "not wanted"


def test_a_small_form_holds_neither_place_nor_device(upload, ctx, member, app):
    given = photo(kind=".jpg", **CAMERA)
    assert b"PhoneOfAda" in given
    image = form_of(ctx, member, upload(given).id)
    small = bytes_of(app, image)
    assert b"PhoneOfAda" not in small
    assert b"Exif" not in small
    assert not [field for field in pyvips.Image.new_from_buffer(small, "").get_fields() if field.startswith("exif-")]


@pytest.mark.parametrize(
    ("kind", "name", "made"),
    [(".png", "a.png", "image/png"), (".webp", "a.webp", "image/webp"), (".gif", "a.gif", "image/png"),
     (".tif", "a.tif", "image/jpeg")],
)  # fmt: skip
def test_kinds_of_pictures(upload, ctx, member, kind, name, made):
    assert form_of(ctx, member, upload(photo(300, 200, kind), name).id).content_type == made


def test_a_small_picture_is_not_made_larger(upload, ctx, member, app):
    image = form_of(ctx, member, upload(photo(30, 20)).id)
    small = pyvips.Image.new_from_buffer(bytes_of(app, image), "")
    assert (small.width, small.height) == (30, 20)


def bomb(side=40_000):
    """A PNG of a few kilobytes that wants gigabytes."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = zlib.compress(b"\0" * 100_000, 9)
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><image href="file:///etc/passwd"/></svg>'


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (bomb(), "bomb.png", "too many pixels"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "broken.png", "unreadable"),
        (b"\xff\xd8\xff" + SVG, "hidden.jpg", "unreadable"),
        (without_notes(photo())[:4000], "half.jpg", "unreadable"),
    ],
    ids=["bomb", "broken", "hidden", "half"],
)
def test_what_is_refused(upload, db, ctx, member, web, content, name, why):
    blob = upload(content, name)
    db.refresh(blob)
    assert json.loads(blob.metadata_)["preview_refused"] == why
    assert form_of(ctx, member, blob.id) is None
    url, bomb = signing.url(ctx(member), blob), why == "too many pixels"
    # A page never shows it: every reader's browser would have to unpack it.
    for asked, headers in (("?preview=1", {}), ("", {"Sec-Fetch-Dest": "image"})):
        answer = web.get(f"{url}{asked}", headers=headers, status=404 if bomb else 200)
        assert (answer.body == content) is not bomb
    assert web.get(url, headers={"Sec-Fetch-Dest": "document"}).body == content


def test_a_drawing_that_could_run_things_gets_no_small_form(upload, db, ctx, member):
    blob = upload(SVG, "a.svg")
    assert form_of(ctx, member, blob.id) is None
    assert db.scalars(select(VariantRecord)).all() == []


def test_small_forms_go_with_the_picture(upload, db, app, clock, commit):
    upload(photo(300, 200))
    commit()
    clock.move(days=3)
    assert jobs.purge_unused(app) == 1
    assert db.scalars(select(Blob)).all() == []
    assert db.scalars(select(VariantRecord)).all() == []


def test_values_are_written_as_ruby_does():
    symbol = marshal.Symbol
    assert marshal.dump({symbol("a"): 1}) == b"\x04\x08{\x06:\x06ai\x06"
    assert marshal.dump("png") == b'\x04\x08I"\x08png\x06:\x06ET'
    assert marshal.dump([1280, -1, 0, 300, 122, 123, -129, True, None]) == (
        b"\x04\x08[\x0ei\x02\x00\x05i\xfai\x00i\x02,\x01i\x7fi\x01{i\xff\x7fT0"
    )
    assert marshal.dump([symbol("a"), symbol("a")]) == b"\x04\x08[\x07:\x06a;\x00"
