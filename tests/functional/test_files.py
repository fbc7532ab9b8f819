"""Files: up, down, and who may have them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import select

from llmio.core.errors import Unavailable
from llmio.files import answer, jobs, marshal, queries, service, signing, sniff, storages
from llmio.files.models import Blob
from tests import factories as make

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
def member(db):
    return make.user(db)


@pytest.fixture
def thread(db, member):
    return make.discussion(db, make.group(db, members=[member], is_visible_to_public=False))


def up(web, name="a.png", content=PNG, **how):
    return web.send("/files", upload_files=[("file", name, content)], **how)


def test_up_and_down(web, sign_in, member, db, app):
    answer = up(sign_in(member), "Übersicht 1.png").json
    assert set(answer) == {"id", "url", "filename", "content_type", "size"}
    assert (answer["content_type"], answer["size"]) == ("image/png", len(PNG))
    blob = db.get_one(Blob, answer["id"])
    assert len(blob.key) == 28
    assert blob.key.isalnum()
    assert blob.service_name == "local"
    place = Path(app.settings["llmio.data"]) / "storage" / blob.key[:2] / blob.key[2:4] / blob.key
    assert place.read_bytes() == PNG
    got = web.get(answer["url"])
    assert got.body == PNG
    assert got.headers["Content-Disposition"].startswith(
        "inline; filename=\"_bersicht 1.png\"; filename*=UTF-8''%C3%9C"
    )
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in got.headers["Content-Security-Policy"]
    assert "sandbox" in got.headers["Content-Security-Policy"]


def test_checksum_is_that_of_active_storage(ctx, member):
    blob = service.store(ctx(member), filename="a.txt", stream=BytesIO(b"hello"))
    assert blob.checksum == "XUFAKrxLKna5cZ2REBfFkg=="


@pytest.mark.parametrize(
    ("name", "content", "kind", "inline"),
    [
        ("a.html", b"<script>alert(1)</script>", "text/html", False),
        ("a.svg", b"<svg onload=alert(1)>", "image/svg+xml", False),
        ("a.png", b"<script>alert(1)</script>", "application/octet-stream", False),
        ("a.txt", PNG, "image/png", True),
        ("a.pdf", b"%PDF-1.4", "application/pdf", True),
        ("page.pdf", b"<script>alert(1)</script>", "application/octet-stream", False),
        ("noname", b"x", "application/octet-stream", False),
    ],
)
def test_what_is_shown_and_what_is_saved(sign_in, member, name, content, kind, inline):
    web = sign_in(member)
    answer = up(web, name, content).json
    assert answer["content_type"] == kind
    got = web.get(answer["url"]).headers
    assert got["Content-Disposition"].startswith("inline") is inline
    assert web.get(f"{answer['url']}?download=1").headers["Content-Disposition"].startswith("attachment")
    assert got["X-Content-Type-Options"] == "nosniff"
    rules = [rule.strip() for rule in got["Content-Security-Policy"].split(";")]
    assert "default-src 'none'" in rules
    assert "sandbox" in rules  # without allow-scripts


@pytest.mark.parametrize("name", ["a.js", "a.mjs", "a.css", "A.JS"])
def test_no_file_is_given_as_a_script_or_styles_that_the_own_pages_may_load(sign_in, member, name):
    """The policy of pages lets them load scripts from their own host, where files come from, too."""
    web = sign_in(member)
    answer = up(web, name, b"alert(1)").json
    for url in (answer["url"], f"{answer['url']}?download=1"):
        got = web.get(url)
        assert (got.content_type, got.body) == ("application/octet-stream", b"alert(1)")
        assert got.headers["X-Content-Type-Options"] == "nosniff"


def test_who_may_have_a_file(db, new_browser, member, thread, ctx):
    context = ctx(member)
    blob = service.store(context, filename="plan.txt", stream=BytesIO(b"secret"))
    plain = signing.plain_url(blob.id, blob.filename)
    other = make.user(db)
    make.membership(db, thread.group, other)
    owner, fellow, stranger = (new_browser().sign_in(one) for one in (member, other, make.user(db)))
    assert owner.get(plain).text == "secret"
    fellow.get(plain, status=404)
    comment = make.comment(db, thread, author=member)
    service.attach(context, comment, [blob.id])
    assert fellow.get(plain).text == "secret"
    stranger.get(plain, status=404)
    assert "/sign_in" in new_browser().get(plain, status=303).location
    comment.discarded_at = make.now()
    fellow.get(plain, status=404)


@pytest.mark.parametrize(
    ("name", "content", "policy"),
    [("a.png", PNG, "cross-origin"), ("a.pdf", b"%PDF-1.4", "same-origin"), ("a.svg", b"<svg/>", "same-origin")],
)
def test_programs_for_mail_in_a_browser_may_show_pictures_of_mails(db, new_browser, member, ctx, name, content, policy):
    """Their pages are elsewhere: what a mail shows by its signed address is asked for from there, without our cookie."""
    blob = service.store(ctx(member), filename=name, stream=BytesIO(content))
    answer = new_browser().get(signing.url(ctx(member), blob))
    assert answer.headers["Cross-Origin-Resource-Policy"] == policy


def test_a_signed_address_is_good_for_all(db, new_browser, member, ctx):
    context = ctx(member)
    blob = service.store(context, filename="a.txt", stream=BytesIO(b"x"))
    assert new_browser().get(signing.url(context, blob)).text == "x"
    forged = signing.url(context, blob).replace(f"/{blob.id}-", f"/{blob.id + 1}-")
    new_browser().get(forged, status=404)
    assert signing.read(context, signing.signed_id(context, blob.id)) == blob.id
    assert signing.read(context, f"{blob.id}-") is None


@pytest.mark.parametrize(
    ("asked", "status", "body", "told"),
    [
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=7-", 206, b"789", "bytes 7-9/10"),
        ("bytes=-2", 206, b"89", "bytes 8-9/10"),
        ("bytes=5-99", 206, b"56789", "bytes 5-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=3-1", 416, b"", "bytes */10"),
        ("rows=1", 200, b"0123456789", None),
    ],
)
def test_parts_of_a_file(web, member, ctx, asked, status, body, told):
    context = ctx(member)
    blob = service.store(context, filename="a.bin", stream=BytesIO(b"0123456789"))
    got = web.get(signing.url(context, blob), headers={"Range": asked}, status=status)
    assert (got.body, got.headers.get("Content-Range")) == (body, told)


def test_a_known_copy_is_not_sent_again(web, member, ctx):
    context = ctx(member)
    url = signing.url(context, service.store(context, filename="a.bin", stream=BytesIO(b"x")))
    tag = web.get(url).headers["ETag"]
    assert web.get(url, headers={"If-None-Match": tag}, status=304).body == b""
    assert web.head(url).content_length == 1


def test_too_large_is_refused_by_announcement_and_by_count(sign_in, member, app, monkeypatch, db):
    monkeypatch.setitem(app.settings.values, "files.max_bytes", 1000)
    web = sign_in(member)
    refused = up(web, content=b"x" * 2000, status=413)
    assert "too large" in refused.json["error"]
    assert db.scalars(select(Blob)).all() == []


def test_too_large_is_refused_before_it_is_read(sign_in, member, app, monkeypatch):
    monkeypatch.setitem(app.settings.values, "files.max_bytes", 1000)
    monkeypatch.setattr(service, "store", lambda *_args, **_named: pytest.fail("it was read"))
    up(sign_in(member), content=b"x" * 100_000, status=413)


def test_nothing_is_left_of_a_refused_upload(member, ctx, app, tm, db):
    root = Path(app.settings["llmio.data"]) / "storage"
    before = {path for path in root.rglob("*") if path.is_file()}
    service.store(ctx(member), filename="a", stream=BytesIO(b"x"))
    assert {path for path in root.rglob("*") if path.is_file()} > before
    tm.abort()
    tm.begin()
    assert {path for path in root.rglob("*") if path.is_file()} == before


def test_bad_uploads_are_told(sign_in, member, web):
    assert "Please choose a file." in sign_in(member).send("/files", {"file": "text"}, status=422).text
    sign_in(member).post("/files", upload_files=[("file", "a", b"x")], status=400)
    web.sign_out()
    assert web.post("/files", upload_files=[("file", "a", b"x")], expect_errors=True).status_int in (303, 400, 401)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\x\\y.doc", "y.doc"), ("", "file"), (None, "file"), (".htaccess", "htaccess"),
     ("a\r\nb\0.txt", "ab.txt"), ("x" * 300 + ".pdf", "x" * 196 + ".pdf"), ("日本.txt", "日本.txt")],
)  # fmt: skip
def test_names_are_made_harmless(given, kept):
    assert service.clean_name(given) == kept


def test_unused_files_go_after_two_days(db, member, ctx, app, clock, thread, commit, monkeypatch):
    monkeypatch.setattr(jobs, "AT_ONCE", 2)  # however many they are
    context = ctx(member)
    unused, *_others = (service.store(context, filename="a", stream=BytesIO(b"a")) for _count in range(5))
    used = service.store(context, filename="b", stream=BytesIO(b"b"))
    service.attach(context, make.comment(db, thread, author=member), [used.id])
    kept, gone = used.key, unused.key
    commit()
    assert jobs.purge_unused(app) == 0
    clock.move(days=3)
    assert jobs.purge_unused(app) == 5
    storage = storages.named(app, "local")
    assert storage.backend.exists(kept, storage.settings)
    assert not storage.backend.exists(gone, storage.settings)
    assert queries.unused(context, clock.now() - timedelta(days=2), 9) == []


@pytest.mark.parametrize(
    ("variables", "chosen"),
    [
        ({}, "local"),
        ({"AWS_BUCKET": "b"}, "amazon"),
        ({"AWS_BUCKET": "b", "ACTIVE_STORAGE_SERVICE": "local"}, "local"),
        ({"DO_BUCKET": "b", "STORAGE_BUCKET_NAME": "b", "GCS_BUCKET": "b"}, "local"),
        ({"ACTIVE_STORAGE_SERVICE": "test"}, "test"),
        ({"ACTIVE_STORAGE_SERVICE": "digitalocean", "AWS_BUCKET": "b"}, "digitalocean"),
        ({"ACTIVE_STORAGE_SERVICE": "google"}, "google"),
        ({"ACTIVE_STORAGE_SERVICE": "s3_compatible"}, "s3_compatible"),
        ({"ACTIVE_STORAGE_SERVICE": "Amazon"}, None),
    ],
)
def test_the_storage_is_chosen_as_the_reference_does(app, monkeypatch, variables, chosen):
    by_variable = {one.env: one.key for one in app.settings.declared.values()}
    for variable, value in variables.items():
        monkeypatch.setitem(app.settings.values, by_variable[variable], value)
    if chosen is None:
        with pytest.raises(Unavailable, match="Amazon"):
            storages.for_new_files(app)
    else:
        assert storages.for_new_files(app).backend.key == chosen


def test_a_file_whose_storage_is_absent_is_told(web, member, ctx, db):
    context = ctx(member)
    blob = service.store(context, filename="a", stream=BytesIO(b"a"))
    blob.service_name = "azure"
    assert "azure" in web.get(signing.url(context, blob), status=503).text


def test_a_row_from_elsewhere_has_no_uploader(db):
    assert Blob(metadata_=None).uploader_id is None
    assert Blob(metadata_="not json").uploader_id is None
    assert Blob(metadata_=json.dumps({"uploader_id": 4})).uploader_id == 4


def test_sniffing_trusts_bytes_more_than_names():
    assert sniff.content_type(b"OggS....", "a.ogv") == "video/ogg"
    assert sniff.content_type(b"\x1aE\xdf\xa3", "a.webm") == "video/webm"
    assert answer.part_of("", "99", 10) == (0, 10)


def test_pictures_in_a_text_are_kept(sign_in, member, thread, db, app, clock, commit, ctx):
    web = sign_in(member)
    in_comment, in_poll, left = (up(web).json for _picture in range(3))
    web.send(f"/d/{thread.key}/comments", {"body": f"![x]({in_comment['url']})", "body_format": "md"})
    poll = make.poll(db, discussion=thread, author=member)
    service.keep_pictures(ctx(member), poll, f'<p><img src="https://example.org{in_poll["url"]}"></p>')
    forged = in_poll["url"].replace(f"/{in_poll['id']}-", f"/{left['id']}-")
    service.keep_pictures(ctx(member), poll, f"![x]({forged})")
    commit()
    clock.move(days=3)
    jobs.purge_unused(app)
    found = {row.id for row in db.scalars(select(Blob))}
    assert {in_comment["id"], in_poll["id"]} <= found
    assert left["id"] not in found


def rails_id(secret, envelope, derived="sha256", made="sha1"):
    """As Rails' message verifier makes it."""
    packed = base64.b64encode(json.dumps({"_rails": envelope}, separators=(",", ":")).encode()).decode()
    key = hashlib.pbkdf2_hmac(derived, secret.encode(), b"ActiveStorage", 1000, 64)
    return f"{packed}--{hmac.new(key, packed.encode(), made).hexdigest()}"


@pytest.mark.parametrize(
    ("envelope", "derived"),
    [
        (lambda number: {"data": number, "pur": "blob_id"}, "sha256"),
        (lambda number: {"message": base64.b64encode(str(number).encode()).decode(), "exp": None, "pur": "blob_id"}, "sha1"),
        (lambda number: {"message": base64.b64encode(marshal.dump(number)).decode(), "exp": None, "pur": "blob_id"}, "sha1"),
    ],
)  # fmt: skip
def test_addresses_of_the_reference_go_on(web, member, ctx, app, envelope, derived):
    context, secret = ctx(member), app.settings.text("security.secret")
    blob = service.store(context, filename="plan.txt", stream=BytesIO(b"old plan"))
    signed = rails_id(secret, envelope(blob.id), derived)
    for place in ("blobs/redirect", "blobs/proxy", "blobs", "representations/redirect"):
        middle = "/variation" if place.startswith("rep") else ""
        assert web.get(f"/rails/active_storage/{place}/{quote(signed, safe='')}{middle}/plan.txt").body == b"old plan"
    for wrong in (
        rails_id("another secret, as long as it must be", envelope(blob.id), derived),
        rails_id(secret, envelope(blob.id + 1000), derived),
        rails_id(secret, envelope(blob.id) | {"pur": "blob_token"}, derived),
        rails_id(secret, envelope(blob.id) | {"exp": "2020-01-01T00:00:00Z"}, derived),
        rails_id(secret, {"pur": "blob_id", "data": "x"}, derived),
        signed[:-1] + ("0" if signed[-1] != "0" else "1"),
    ):
        web.get(f"/rails/active_storage/blobs/redirect/{quote(wrong, safe='')}/plan.txt", status=404)
