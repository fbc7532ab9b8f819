"""What a camera notes in a picture leaves the site with nobody: new pictures, and those of a taken-over database."""

from __future__ import annotations

import hashlib
import json
import random
from base64 import b64encode
from io import BytesIO
from pathlib import Path

import pytest
import pyvips
from sqlalchemy import select

from llmio.files import marshal, previews, service, signing
from llmio.files.models import Attachment, Blob, VariantRecord
from llmio.files.stripping import STRIPPERS, strip

NOTES = {"exif-ifd0-Model": "PhoneOfAda", "exif-ifd0-Make": "MakerOfIt", "exif-ifd3-GPSLatitude": "52/1 31/1 7/1"}
KINDS = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".tif": "image/tiff", ".avif": "image/avif"}


def photo(ending=".jpg", width=400, height=300):
    """A picture as a phone makes it: lying on its side, with place, device, and XMP."""
    image = pyvips.Image.gaussnoise(width, height).cast("uchar").bandjoin([128, 200])
    image = image.copy(interpretation="srgb").copy()
    for field, value in NOTES.items():
        image.set_type(pyvips.GValue.gstr_type, field, value)
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x:xmpmeta>SecretPlace</x:xmpmeta>")
    return image.write_to_buffer(ending)


def notes_in(content):
    image = pyvips.Image.new_from_buffer(content, "")
    told = [one for one in image.get_fields() if "GPS" in one or one.endswith(("-Model", "-Make"))]
    return told + [word for word in (b"PhoneOfAda", b"MakerOfIt", b"SecretPlace") if word in content]


@pytest.fixture
def member(make):
    return make.user()


@pytest.fixture
def old(ctx, member, app, db):
    """A picture as the reference left it: stored as it was sent, without a small form."""

    def made(content, name="photo.jpg"):
        blob = service.store(ctx(member), filename=name, stream=BytesIO(content))
        blob.metadata_ = '{"identified":true,"analyzed":true}'
        blob.checksum, blob.byte_size = b64encode(hashlib.md5(content).digest()).decode(), len(content)
        place_of(app, blob).write_bytes(content)
        db.flush()
        return blob

    return made


def place_of(app, blob):
    return Path(app.settings["llmio.data"], "storage", blob.key[:2], blob.key[2:4], blob.key)


@pytest.mark.parametrize("ending", KINDS)
def test_only_the_notes_go_and_the_picture_is_the_same(ending):
    given = photo(ending)
    assert notes_in(given)
    made = b"".join(strip(BytesIO(given), KINDS[ending]))
    assert notes_in(made) == []
    before, after = (pyvips.Image.new_from_buffer(one, "") for one in (given, made))
    assert (before - after).abs().max() == 0
    if ending != ".avif":  # there a property turns it
        assert after.get("orientation") == before.get("orientation") == 6
    assert b"".join(strip(BytesIO(made), KINDS[ending])) == made


def test_an_avif_keeps_exif_that_says_nothing():
    """Readers that look into it (libavif's) refuse a picture whose Exif is none."""
    made = b"".join(strip(BytesIO(photo(".avif")), "image/avif"))
    assert made.count(b"\0\0\0\0II*\0\x08\0\0\0\0\0") == 1


def test_what_hangs_behind_a_picture_goes():
    """Phones put a second picture, with notes of its own, or a film behind the end of the first."""
    first, second = photo(), photo(width=50, height=40)
    made = b"".join(strip(BytesIO(first + second), "image/jpeg"))
    assert made == b"".join(strip(BytesIO(first), "image/jpeg"))
    assert made.endswith(b"\xff\xd9")


def test_a_gif_keeps_its_frames_and_loses_its_comments():
    frames = pyvips.Image.gaussnoise(40, 80).cast("uchar").copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 40)
    plain = frames.write_to_buffer(".gif")
    said = b"\x21\xfe\x0aPhoneOfAda\x00"
    place = 13 + (3 << (plain[10] & 7) + 1 if plain[10] & 0x80 else 0)
    made = b"".join(strip(BytesIO(plain[:place] + said + plain[place:]), "image/gif"))
    assert made == plain
    assert b"NETSCAPE2.0" in made


@pytest.mark.parametrize("kind", STRIPPERS)
def test_whatever_comes_nothing_breaks(kind):
    endings = {kind: ending for ending, kind in KINDS.items()}
    given = photo(endings.get(kind, ".jpg"))
    dice = random.Random(7)
    for number in range(150):
        broken = bytearray(given[: dice.randrange(1, len(given))] if number % 2 else given)
        for _byte in range(20):
            broken[dice.randrange(min(len(broken), 600 if number % 3 else len(broken)))] = dice.randrange(256)
        made = b"".join(strip(BytesIO(broken), kind))
        assert len(made) <= len(broken) + 100


def test_a_new_picture_is_stored_without(member, sign_in, app, db):
    web, given = sign_in(member), photo()
    sent = web.send("/files", upload_files=[("file", "photo.jpg", given)]).json
    blob = db.get_one(Blob, sent["id"])
    lies = place_of(app, blob).read_bytes()
    assert notes_in(lies) == []
    assert (blob.byte_size, blob.checksum) == (len(lies), b64encode(hashlib.md5(lies).digest()).decode())
    assert sent["size"] == len(lies)
    assert web.get(sent["url"]).body == lies


def test_one_that_was_announced_with_the_sum_of_its_notes_is_taken(member, sign_in, db):
    web, given = sign_in(member), photo()
    said = {"filename": "a.jpg", "byte_size": len(given), "checksum": b64encode(hashlib.md5(given).digest()).decode()}
    announced = web.post_json("/direct_uploads", {"blob": said}, headers={"X-CSRF-Token": web.csrf_token}).json
    target = announced["direct_upload"]
    web.put(target["url"].split("localhost", 1)[-1].lstrip(":0123456789"), given, headers=target["headers"], status=204)
    assert notes_in(web.get(signing.plain_url(announced["id"], "a.jpg")).body) == []


def test_an_old_picture_is_given_without_and_then_kept_without(old, web, ctx, member, app, db, commit, run_jobs):
    given = photo()
    blob = old(given)
    key = blob.key
    url = signing.url(ctx(member), blob)
    first = web.get(url)
    assert notes_in(first.body) == []
    assert first.body == b"".join(strip(BytesIO(given), "image/jpeg"))
    part = web.get(url, headers={"Range": "bytes=10-19"}, status=206)
    assert (part.body, part.headers["Content-Range"]) == (first.body[10:20], f"bytes 10-19/{len(first.body)}")
    assert web.head(url).content_length == len(first.body)
    assert place_of(app, blob).read_bytes() == given
    commit()
    run_jobs()
    db.refresh(blob)
    assert blob.key != key
    assert place_of(app, blob).read_bytes() == first.body
    assert not Path(app.settings["llmio.data"], "storage", key[:2], key[2:4], key).exists()
    assert (blob.byte_size, json.loads(blob.metadata_)["stripped"]) == (len(first.body), True)
    assert web.get(url).body == first.body
    assert app.jobs["files.strip"].run(app, blob.id) == "not wanted"


def test_an_old_picture_gets_a_small_form_when_it_is_first_looked_at(old, web, ctx, member, db, commit, run_jobs):
    blob = old(photo(width=2000))
    url = f"{signing.url(ctx(member), blob)}?preview=1"
    for _look in range(3):
        assert pyvips.Image.new_from_buffer(web.get(url).body, "").width == 2000
    commit()
    run_jobs()
    small = pyvips.Image.new_from_buffer(web.get(url).body, "")
    assert max(small.width, small.height) == 1280
    records = db.scalars(select(VariantRecord).where(VariantRecord.blob_id == blob.id)).all()
    assert len(records) == 1


def test_what_cannot_be_made_small_is_not_asked_for_again_and_again(old, web, ctx, member, db, commit, run_jobs, clock):
    from llmio.core.outbox import Outbox

    blob = old(b"\xff\xd8\xff\xe0broken")
    url = f"{signing.url(ctx(member), blob)}?preview=1"
    web.get(url)
    commit()
    run_jobs()
    clock.move(hours=2)
    web.get(url)
    commit()
    assert [row.job for row in db.scalars(select(Outbox))] == []


# What Ruby 3.1 gave for `Base64.strict_encode64(Digest::SHA1.digest(Marshal.dump(t)))`.
DIGESTS = {
    "jpg": "yevoDBj4jcjzm6uIMPmEWTvUGKg=",
    "jpeg": "gkemBjNxL+8atymxTSMyEwWgJBI=",
    "JPG": "OLRSPYcvCEI2NNXoiU+CtsAdtFg=",
    "png": "Cj3FOGfxZ4/jaug2kfIamRqFkew=",
    "webp": "kMiw+M8WUswS8naf2wNozIKtuZ8=",
    "gif": "gAz/7HHTBGDLQiITNFGjpU52jmw=",
}
SYMBOL = "qtFpMG/za2ZNwX62XqEX/7MZeh4="
"""For `format: :png`, which Active Storage chooses for what browsers do not show."""


@pytest.mark.parametrize("name", DIGESTS)
def test_digests_are_those_of_ruby(name):
    assert previews.digest(name) == DIGESTS[name]
    assert previews.digest(marshal.Symbol("png")) == SYMBOL


def test_digests_of_other_shapes_are_those_of_ruby():
    """Negative and long numbers, false, nil, a key that comes twice."""
    symbol = marshal.Symbol
    shape = {
        symbol("format"): "jpg",
        symbol("resize_to_limit"): [300, -129],
        symbol("saver"): {symbol("quality"): 70000, symbol("strip"): False, symbol("x"): None},
        symbol("saver2"): {symbol("quality"): 0},
    }
    found = b64encode(hashlib.sha1(marshal.dump(shape)).digest()).decode()
    assert found == "PmD53mHlxD1eSZ/bDmFdePhuWcU="


@pytest.mark.parametrize(
    ("filename", "name"), [("a.jpg", "jpg"), ("a.jpeg", "jpeg"), ("A.JPG", "JPG"), ("a", "jpg"), ("a.png", "jpg")]
)
def test_a_form_is_named_as_the_reference_names_it(ctx, member, commit, run_jobs, db, filename, name):
    blob = service.store(ctx(member), filename=filename, stream=BytesIO(photo()))
    commit()
    run_jobs()
    record = db.scalars(select(VariantRecord).where(VariantRecord.blob_id == blob.id)).one()
    assert record.variation_digest == DIGESTS[name]


@pytest.mark.parametrize("digest", [*DIGESTS.values(), SYMBOL])
def test_a_form_that_the_reference_made_is_found_and_none_is_made_beside_it(old, ctx, member, db, web, digest):
    blob = old(photo(width=2000))
    context = ctx(member)
    for name, side in ((digest, 1280), ("thumbnail-of-something=", 100)):
        image = service.store(context, filename="a.jpg", stream=BytesIO(photo(width=side, height=side // 2)))
        image.metadata_ = json.dumps({"identified": True, "width": side, "height": side // 2, "analyzed": True})
        record = VariantRecord(blob_id=blob.id, variation_digest=name)
        db.add(record)
        db.flush()
        db.add(
            Attachment(name="image", record_type="ActiveStorage::VariantRecord", record_id=record.id, blob_id=image.id)
        )
        db.flush()
    got = web.get(f"{signing.url(context, blob)}?preview=1")
    assert pyvips.Image.new_from_buffer(got.body, "").width == 1280
    assert previews.make(ctx(None).app, blob.id) == "not wanted"


def test_a_thumbnail_alone_does_not_stand_for_a_preview(old, ctx, member, db):
    blob, context = old(photo(width=2000)), ctx(member)
    image = service.store(context, filename="a.jpg", stream=BytesIO(photo(width=100)))
    image.metadata_ = json.dumps({"width": 100, "height": 75})
    record = VariantRecord(blob_id=blob.id, variation_digest="x")
    db.add(record)
    db.flush()
    db.add(Attachment(name="image", record_type="ActiveStorage::VariantRecord", record_id=record.id, blob_id=image.id))
    db.flush()
    assert previews.find(context, blob) is None
    image.metadata_ = json.dumps({"width": 1280, "height": 960})
    db.flush()
    assert previews.find(context, blob).id == image.id
