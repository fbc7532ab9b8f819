"""Uploads that cannot be taken: a clear message, and nothing half-written left."""

from __future__ import annotations

import base64
import hashlib
import resource
import socket
import threading
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from llmio.core.errors import Invalid
from llmio.embedded.process import wait_until
from llmio.files import answer, names, service, storages
from llmio.files.models import Blob
from llmio.testing import objectstores
from tests.processes import PATIENCE

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


@pytest.fixture
def member(make):
    return make.user()


@pytest.fixture
def page(sign_in, member):
    return sign_in(member)


@pytest.fixture
def kept(app, db):
    """How much is kept: rows, and files of any name in the storage's folder."""

    def count():
        folder = Path(app.settings["llmio.data"]) / "storage"
        files = sum(path.is_file() for path in folder.rglob("*"))
        return db.scalar(select(func.count()).select_from(Blob)), files

    return count


@pytest.fixture
def limit(app, monkeypatch):
    def set_to(size):
        monkeypatch.setitem(app.settings.values, "files.max_bytes", size)

    return set_to


def up(page, content, name="a.bin", **how):
    return page.send("/files", how.pop("fields", {}), upload_files=[("file", name, content)], **how)


def md5(content):
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def announce(page, content, name="a.bin", **how):
    blob = {"filename": name, "byte_size": len(content), "checksum": md5(content)} | how.pop("blob", {})
    return page.post_json("/direct_uploads", {"blob": blob}, headers={"X-CSRF-Token": page.csrf_token}, **how)


# -- by form ---------------------------------------------------------------------------------------------------------


def test_an_empty_file(page, kept):
    before = kept()
    assert up(page, b"", status=422).json["errors"] == {"file": ["This file is empty. Please choose another one."]}
    assert kept() == before


def test_exactly_the_limit_and_one_byte_more(page, kept, limit):
    limit(100_000)
    assert up(page, b"x" * 100_000, status=201).json["size"] == 100_000
    before = kept()
    refused = up(page, b"x" * 100_001, status=413).json
    assert refused["error"] == "This file is too large: at most 97.7 KB are allowed."
    assert kept() == before


def test_a_wrong_checksum(page, kept):
    assert up(page, b"hello", fields={"checksum": md5(b"hello")}, status=201)
    before = kept()
    refused = up(page, b"hello", fields={"checksum": md5(b"hallo")}, status=422).json
    assert refused["errors"] == {"file": ["The file was damaged on its way. Please try again."]}
    assert kept() == before


def test_a_wrong_type(ctx, member, kept):
    pictures = ("image/png", "image/jpeg")
    assert service.store(ctx(member), filename="a", stream=BytesIO(PNG), only=pictures).content_type == "image/png"
    before = kept()
    with pytest.raises(Invalid, match=r"Possible are: JPEG, PNG\."):
        service.store(ctx(member), filename="a.png", stream=BytesIO(b"<script>"), only=pictures)
    assert kept() == before


@pytest.mark.parametrize("cut", [10, 60, 150, 5000])
def test_a_connection_that_breaks_off(page, kept, cut):
    boundary, content = "b0undary", b"x" * 10_000
    head = b'--b0undary\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    whole = head + content + b"\r\n--b0undary--\r\n"
    before = kept()
    refused = page.request(
        "/files",
        method="POST",
        body_file=BytesIO(whole[:cut]),
        headers={
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(whole)),
            "X-CSRF-Token": page.csrf_token,
        },
        status=400,
    )
    assert "try again" in refused.json["error"]
    assert kept() == before


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/json", b"{}"), ("multipart/form-data", b"x"), ("multipart/form-data; boundary=b", b"--b--\r\n"),
     ("", b""), ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n')],
)  # fmt: skip
def test_what_is_no_form_with_a_file(page, kept, kind, body):
    before = kept()
    headers = {"Content-Type": kind, "X-CSRF-Token": page.csrf_token}
    assert page.request("/files", method="POST", body=body, headers=headers, status=422).json["errors"]["file"]
    assert kept() == before


def test_a_full_disk(page, kept):
    before, (soft, hard) = kept(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        # Small enough to wait in memory, too large for the disk; then too large for the temporary folder already.
        by_storage = up(page, b"x" * 50_000, status=503).json
        by_folder = up(page, b"x" * 500_000, status=503).json
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "no room left" in by_storage["error"]
    assert "no room left" in by_folder["error"]
    assert kept() == before


def test_two_uploads_of_one_file_are_two_files(page, db):
    first, second = (db.get_one(Blob, up(page, b"same").json["id"]) for _time in range(2))
    assert first.key != second.key
    assert first.checksum == second.checksum


# -- buckets ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store():
    with objectstores.rclone() as running:
        yield running


@pytest.fixture
def bucket(app, monkeypatch, store):
    """Have new files go to a bucket, with some of its settings changed."""

    def use(**changed):
        found = {"bucket": store.bucket, "endpoint": store.endpoint, "region": "us-east-1", "key": store.key,
                 "secret": store.secret, "path_style": True}  # fmt: skip
        for name, value in (found | changed).items():
            monkeypatch.setitem(app.settings.values, f"storage_s3.compatible_{name}", value)
        monkeypatch.setitem(app.settings.values, "files.storage", "s3_compatible")

    return use


def objects(store):
    return sorted(path.name for path in (store.folder / store.bucket).rglob("*"))


def test_a_bucket_takes_and_gives(page, bucket, db, store, app):
    bucket()
    saved = up(page, b"hello").json
    assert db.get_one(Blob, saved["id"]).key in objects(store)
    sent_on = page.get(saved["url"], status=303)
    assert "X-Amz-Signature=" in sent_on.location
    # An address is signed for GET alone: who only asks how large a file is would be refused there.
    asked = page.head(saved["url"], status=200)
    assert (asked.content_length, asked.headers["Accept-Ranges"]) == (5, "bytes")
    storages.for_new_files(app).delete(db.get_one(Blob, saved["id"]).key)
    page.head(saved["url"], status=404)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"bucket": "nowhere"}, "cannot be used"),
        ({"bucket": ""}, "cannot be used"),
        ({"secret": "wrong"}, "cannot be used"),
        ({"endpoint": "http://127.0.0.1:9"}, "does not answer"),
    ],
)
def test_a_bucket_that_does_not_work(page, bucket, kept, store, changed, words):
    bucket(**changed)
    before = kept(), objects(store)
    assert words in up(page, b"hello", status=503).json["error"]
    assert (kept(), objects(store)) == before


def test_a_bucket_that_never_answers(page, bucket, kept, monkeypatch):
    from llmio_storage_s3 import bucket as settings

    monkeypatch.setattr(settings, "READ_SECONDS", 0.2)
    listening = socket.create_server(("127.0.0.1", 0))
    taken = []
    threading.Thread(target=lambda: _take_all(listening, taken), daemon=True).start()
    bucket(endpoint=f"http://127.0.0.1:{listening.getsockname()[1]}")
    before = kept()
    try:
        assert "does not answer" in up(page, b"hello", status=503).json["error"]
        assert wait_until(lambda: bool(taken), PATIENCE)
    finally:
        listening.close()
        for one in taken:
            one.close()
    assert kept() == before


def _take_all(listening, taken):
    try:
        while True:
            taken.append(listening.accept()[0])
    except OSError:
        return


# -- in two steps ----------------------------------------------------------------------------------------------------


def test_in_two_steps(page, db, app, member, make, ctx):
    answered = announce(page, PNG, "Übersicht.png").json
    assert db.get(Blob, answered["id"]) is None
    assert (answered["byte_size"], answered["checksum"], answered["content_type"]) == (28, md5(PNG), "image/png")
    put = answered["direct_upload"]
    page.put(put["url"], PNG, headers=put["headers"], status=204)
    blob = db.get_one(Blob, answered["id"])
    assert (blob.key, blob.filename, blob.checksum) == (answered["key"], "Übersicht.png", md5(PNG))
    assert page.get(answered["download_url"]).body == PNG
    # The answer was lost, and it is sent again.
    page.put(put["url"], PNG, headers=put["headers"], status=204)
    thread = make.discussion(make.group(admin=member))
    page.send(f"/d/{thread.key}/comments", {"body": "look", "files": answered["signed_id"]})
    assert service.queries.uses(ctx(member), blob.id)[0][0] == "Comment"


def test_in_two_steps_with_other_bytes_than_announced(page, kept):
    before, put = kept(), announce(page, b"hello").json["direct_upload"]["url"]
    assert "damaged" in page.put(put, b"hallo", status=422).json["error"]
    assert "size differs" in page.put(put, b"hello, all", status=422).json["error"]
    assert kept() == before


def test_in_two_steps_by_somebody_else_or_late(page, new_browser, make, kept, clock):
    before, put = kept(), announce(page, b"hello").json["direct_upload"]["url"]
    new_browser().sign_in(make.user()).put(put, b"hello", status=404)
    page.put(put[:-1] + ("0" if put[-1] != "0" else "1"), b"hello", status=404)
    clock.move(hours=2)
    page.put(put, b"hello", status=404)
    assert kept() == before


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"byte_size": 0}, 422, "empty"),
        ({"byte_size": 2000}, 413, "too large"),
        ({"byte_size": "many"}, 422, "announced"),
        ({"byte_size": float("inf")}, 422, "announced"),
        ({"checksum": "short"}, 422, "announced"),
        ({"checksum": None}, 422, "announced"),
        ({"filename": None}, 422, "announced"),
        ({"filename": ["a.png"]}, 422, "announced"),
        ({"byte_size": True}, 422, "announced"),
        ({"byte_size": 5.5}, 422, "announced"),
    ],
)
def test_announcements_that_cannot_be_taken(page, limit, changed, status, words):
    limit(1000)
    assert words in announce(page, b"hello", blob=changed, status=status).json["error"]


@pytest.mark.parametrize("said", ["text/html\r\nX: y", {"a": 1}, "", "<b>", None])
def test_a_type_that_is_none_is_what_the_name_says(page, said):
    """It is a header of the second step: no browser would send one with a line break."""
    answered = announce(page, b"hello", "a.pdf", blob={"content_type": said}).json
    assert (answered["content_type"], answered["direct_upload"]["headers"]["Content-Type"]) == ("application/pdf",) * 2


@pytest.mark.parametrize("sent", [b"", b"no json", b"[]", b'{"blob": 1}', b'{"blob": {"filename": "a"}}'])
def test_announcements_that_are_none(page, sent):
    headers = {"X-CSRF-Token": page.csrf_token, "Content-Type": "application/json"}
    page.post("/rails/active_storage/direct_uploads", sent, headers=headers, status=422)


# -- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_name", "kept_name"),
    [("../../etc/passwd", "passwd"), ("C:\\x\\y.doc", "y.doc"), ("", "file"), (None, "file"), (".htaccess", "htaccess"),
     ("a\r\nb\0.txt", "ab.txt"), ("x" * 300 + ".pdf", "x" * 196 + ".pdf"), ("日本.txt", "日本.txt"), ("...", "file"),
     ("日" * 100 + ".txt", "日" * 78 + ".txt"), ("u\u0308ber.txt", "\u00fcber.txt"), ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
     ("cod\u202egnp.exe", "codgnp.exe"), ('a"b<c>.txt', "a_b_c_.txt"), ("a" * 300, "a" * 200),
     ("CON.txt", "_CON.txt"), ("aux", "_aux"), ("lpt1.tar.gz", "_lpt1.tar.gz"), ("console.txt", "console.txt"), ("👨\u200d👩\u200d👧.png", "👨\u200d👩\u200d👧.png")],
)  # fmt: skip
def test_names_are_made_harmless(given_name, kept_name):
    assert names.clean_name(given_name) == kept_name


@given(st.text())
def test_every_name_can_be_kept_and_sent(name):
    clean = names.clean_name(name)
    assert clean == names.clean_name(clean)
    assert 0 < len(clean) <= names.LONGEST
    assert len(clean.encode("utf-8", "surrogatepass")) <= names.LONGEST_BYTES
    assert not set(clean) & set("/\\\r\n\0")
    header = answer.disposition_of(clean, inline=False)
    assert header.isascii()
    assert header.isprintable()
    assert unquote(header.rpartition("''")[2]) == clean


def test_a_hostile_name_comes_back_harmless(page):
    saved = up(page, b"x", name="../日本 \u202e資料.txt").json
    assert saved["filename"] == "日本 資料.txt"
    assert page.get(saved["url"]).body == b"x"
