"""A storage that falls silent: what it stores all the same is removed again, and threads are kept free of it."""

from __future__ import annotations

import base64
import hashlib
import threading
from io import BytesIO

import pytest
from sqlalchemy import select

from llmio.core.errors import Unavailable
from llmio.core.outbox import Outbox
from llmio.embedded.process import wait_until
from llmio.files import jobs, patience, service, storages
from llmio.files.models import Blob


@pytest.fixture
def page(sign_in, make):
    return sign_in(make.user())


@pytest.fixture
def storage(app):
    return storages.for_new_files(app)


def up(page, content, **how):
    return page.send("/files", {}, upload_files=[("file", "a.bin", content)], **how)


def lost_answers(monkeypatch, backend):
    """It stores, and then says nothing."""
    save = backend.save

    def silent(key, stream, settings):
        save(key, stream, settings)
        raise TimeoutError("no answer")

    monkeypatch.setattr(backend, "save", silent)
    return save


def discards(db):
    return db.scalars(select(Outbox).where(Outbox.job == jobs.discard.name)).all()


def test_what_a_silent_storage_stored_is_removed(page, app, db, storage, monkeypatch):
    lost_answers(monkeypatch, storage.backend)
    up(page, b"hello", status=503)
    (row,) = discards(db)
    assert storage.exists(row.args[1])
    assert row.available_at > row.created_at
    assert jobs.discard(app, *row.args) == "removed"
    assert not storage.exists(row.args[1])


def test_what_came_at_the_second_try_stays(page, app, db, storage, monkeypatch):
    content, save = b"hello", lost_answers(monkeypatch, storage.backend)
    checksum = base64.b64encode(hashlib.md5(content).digest()).decode()
    blob = {"filename": "a.txt", "byte_size": len(content), "checksum": checksum}
    coming = page.post_json("/direct_uploads", {"blob": blob}, headers={"X-CSRF-Token": page.csrf_token}).json
    page.put(coming["direct_upload"]["url"], content, status=503)
    monkeypatch.setattr(storage.backend, "save", save)
    page.put(coming["direct_upload"]["url"], content, status=204)
    (row,) = discards(db)
    assert jobs.discard(app, *row.args) == "a file"
    assert page.get(coming["download_url"]).body == content


def test_it_is_asked_again_until_it_answers(app, db, storage, monkeypatch):
    def silent(key, settings):
        raise TimeoutError

    key = service.new_key()
    monkeypatch.setattr(storage.backend, "delete", silent)
    assert jobs.discard(app, "local", key, 0).startswith("later")
    (row,) = discards(db)
    assert row.args == ["local", key, 1]
    assert jobs.discard(app, "local", key, 5).startswith("left to the sweep")


def test_a_storage_that_is_not_there_is_asked_no_more(page, db, storage, monkeypatch):
    def missing(key, stream, settings):
        raise LookupError("no bucket")

    monkeypatch.setattr(storage.backend, "save", missing)
    up(page, b"hello", status=503)
    assert not discards(db)


def test_others_are_not_held_up_by_a_silent_storage(page, app, db, storage, monkeypatch):
    save, released, began = storage.backend.save, threading.Event(), []

    def hanging(key, stream, settings):
        began.append(key)
        assert released.wait(60)
        raise TimeoutError

    def one():
        with pytest.raises(Unavailable):
            storage.save(service.new_key(), BytesIO(b"x"))

    monkeypatch.setattr(storage.backend, "save", hanging)
    monkeypatch.setattr(app.plugins.failures, "keep", None)  # both at once would write in this test's one transaction
    threads = [threading.Thread(target=one) for _one in range(patience.FEW)]
    try:
        for thread in threads:
            thread.start()
        assert wait_until(lambda: len(began) == patience.FEW, 30)
        monkeypatch.setattr(patience, "HANGING", 0)
        assert "does not answer" in up(page, b"hello", status=503).json["error"]
        assert len(began) == patience.FEW
        assert not discards(db)  # nothing was sent
    finally:
        released.set()
        for thread in threads:
            thread.join(60)
    monkeypatch.setattr(storage.backend, "save", save)
    up(page, b"hello", status=201)
    assert db.scalar(select(Blob.byte_size).order_by(Blob.id.desc()).limit(1)) == 5
