"""`llmio files`: move, check, sweep, test, on a real database and real object servers."""

from __future__ import annotations

import json
import os
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from llmio.accounts.sessions import identity_of
from llmio.cli import group as command
from llmio.files import moving, service
from llmio.testing import objectstores
from llmio.testing.plugin import SECRET
from tests import factories


@pytest.fixture(scope="module")
def store():
    with objectstores.rclone() as running:
        yield running


@pytest.fixture
def variables(committed_db, redis_url, app, store):
    return {
        "LLMIO_ENV": "testing",
        "LLMIO_DATA": app.settings["llmio.data"],
        "DATABASE_URL": committed_db.url,
        "REDIS_URL": redis_url,
        "SECRET_COOKIE_TOKEN": SECRET,
        "CANONICAL_HOST": "localhost",
        "STORAGE_BUCKET_NAME": store.bucket,
        "STORAGE_ENDPOINT": store.endpoint,
        "STORAGE_REGION": "us-east-1",
        "STORAGE_ACCESS_KEY_ID": store.key,
        "STORAGE_SECRET_ACCESS_KEY": store.secret,
        "STORAGE_FORCE_PATH_STYLE": "1",
    }


@pytest.fixture
def llmio(variables, app, monkeypatch, tmp_path):
    """`llmio("check")`: what the command prints. Files of the App and of the command lie in one folder, for this test alone."""
    monkeypatch.setitem(app.settings.values, "llmio.data", str(tmp_path))

    def run(*words, **more):
        env = {**variables, "LLMIO_DATA": str(tmp_path), **more}
        return CliRunner().invoke(command, ["files", *words], env=env)

    return run


@pytest.fixture
def put(llmio, app):
    """Have somebody upload files; their rows."""

    def upload(*contents):
        with app.begin() as ctx:
            person = factories.user(ctx.db)
            ctx.db.flush()
            who = identity_of(person)
        with app.begin(who) as ctx:
            made = [service.store(ctx, filename="a.txt", stream=BytesIO(content)) for content in contents]
            return [(blob.id, blob.key) for blob in made]

    return upload


def services(committed_db):
    with committed_db.engine.connect() as connection:
        return dict(connection.execute(text("SELECT id, service_name FROM active_storage_blobs")).all())


def long_work(committed_db):
    with committed_db.engine.connect() as connection:
        return connection.execute(text("SELECT state, error FROM llmio.long_work ORDER BY id")).all()


def place(app, key):
    return Path(app.settings["llmio.data"]) / "storage" / key[:2] / key[2:4] / key


def age(path, days=3):
    moment = path.stat().st_mtime - days * 86400
    os.utime(path, (moment, moment))


def test_move_copies_checks_and_repoints(llmio, put, committed_db, app, store):
    files = put(b"one", b"two", b"three")
    dry = llmio("move", "--from", "local", "--to", "s3_compatible", "--dry-run")
    assert "3 files with 11 bytes would go" in dry.output
    assert set(services(committed_db).values()) == {"local"}
    done = llmio("move", "--from", "local", "--to", "s3_compatible")
    assert done.exit_code == 0, done.output
    assert "Moved 3 files with 11 bytes from local to s3_compatible." in done.output
    assert set(services(committed_db).values()) == {"s3_compatible"}
    for _id, key in files:
        assert (store.folder / store.bucket / key).exists()
        assert place(app, key).exists()  # what is read at this moment goes on
    assert "Moved 0 files" in llmio("move", "--from", "local", "--to", "s3_compatible").output
    told = json.loads(llmio("check", "--json", STORAGE_SECRET_ACCESS_KEY="wrong").stdout)
    assert ["signature" in one["fault"] for one in told] == [False, True]  # what an operator can mend
    back = llmio("move", "--from", "s3_compatible", "--to", "local", "--remove")
    assert "Moved 3 files" in back.output
    assert place(app, files[0][1]).read_bytes() == b"one"
    assert not (store.folder / store.bucket / files[0][1]).exists()


def test_move_goes_on_after_faults(llmio, put, committed_db, app):
    (damaged, damaged_key), (gone, gone_key), (good, _key) = put(b"one", b"two", b"three")
    place(app, damaged_key).write_bytes(b"eno")
    place(app, gone_key).unlink()
    done = llmio("move", "--from", "local", "--to", "s3_compatible", "--remove")
    assert done.exit_code == 1
    assert f"Not moved: file {damaged} (a.txt): it is damaged where it lies" in done.output
    assert f"Not moved: file {gone} (a.txt): This file is gone." in done.output
    assert services(committed_db) == {damaged: "local", gone: "local", good: "s3_compatible"}
    left = "2 of 3 files could not be moved and stay in local"
    assert left in done.output
    assert [(state, left in error) for state, error in long_work(committed_db)] == [("failed", True)]
    place(app, damaged_key).write_bytes(b"one")
    place(app, gone_key).write_bytes(b"two")
    assert llmio("move", "--from", "local", "--to", "s3_compatible").exit_code == 0
    assert set(services(committed_db).values()) == {"s3_compatible"}


def test_move_to_where_nothing_can_be_kept(llmio, put, committed_db, app):
    ((_id, key),) = put(b"one")
    done = llmio("move", "--from", "local", "--to", "s3_compatible", "--remove", STORAGE_SECRET_ACCESS_KEY="wrong")
    assert done.exit_code == 1
    assert (
        "signature we calculated does not match" in done.output
    )  # what an operator can mend, not what people are told
    assert set(services(committed_db).values()) == {"local"}
    assert place(app, key).exists()
    assert llmio("move", "--from", "local", "--to", "azure").exit_code == 1
    assert llmio("move", "--from", "local", "--to", "local").exit_code == 1


def test_check_names_what_is_missing_damaged_or_superfluous(llmio, put, app):
    (gone, gone_key), (short, short_key), (other, other_key), (_well, _key) = put(b"one", b"two", b"three", b"four")
    assert llmio("check", "--sums").exit_code == 0
    place(app, gone_key).unlink()
    place(app, short_key).write_bytes(b"t")
    place(app, other_key).write_bytes(b"eerht")
    stray = place(app, "z" * 28)
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"12345")
    age(stray)
    quick = llmio("check", "--json")
    assert quick.exit_code == 1
    (found,) = json.loads(quick.output)
    assert found["missing"] == [f"file {gone} (a.txt)"]
    assert found["damaged"] == [f"file {short} (a.txt)"]
    assert (found["rows"], found["listed"], found["without_row"], found["without_row_bytes"]) == (4, 4, 1, 5)
    thorough = llmio("check", "--sums").output
    assert f"damaged: file {other} (a.txt)" in thorough
    assert "1 with 5 bytes belong to no file" in thorough


def test_sweep_removes_what_is_old_and_belongs_to_nothing(llmio, put, app):
    (_id, key), *_others = put(b"one", b"two")
    kept = place(app, key)
    age(kept)
    stray, fresh, note = place(app, "y" * 28), place(app, "x" * 28), place(app, key).parent / "NOTE"
    part = kept.parent / ".part-abc"
    for path in (stray, fresh, note, part):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"12345")
    for path in (stray, note, part):
        age(path)
    assert "1 with 5 bytes that belong to no file would be removed" in llmio("sweep", "--dry-run").output
    assert stray.exists()
    done = llmio("sweep")
    assert done.exit_code == 0, done.output
    assert [path.exists() for path in (stray, part, fresh, note, kept)] == [False, False, True, True, True]
    assert "0 uploads that nobody used and 1 that never ended" in done.output


def test_sweep_of_a_named_storage_reaches_what_a_move_left(llmio, put, app, store):
    files = put(*[b"x"] * 25)
    assert llmio("move", "--from", "local", "--to", "s3_compatible").exit_code == 0
    ((stays, stays_key),) = put(b"stays")
    for _id, key in [*files[1:], (stays, stays_key)]:
        age(place(app, key))
    swept = llmio("sweep", "--storage", "local")
    assert "24 with 24 bytes that belong to no file removed from local." in swept.output, swept.output
    # what was moved a moment ago may still be read, and what is used stays
    assert [place(app, key).exists() for _id, key in (*files[:2], (stays, stays_key))] == [True, False, True]
    assert (store.folder / store.bucket / files[1][1]).exists()
    assert "The storage azure is not installed" in str(llmio("sweep", "--storage", "azure").exception)


def test_sweep_refuses_what_looks_like_the_wrong_database(llmio, app):
    folder = Path(app.settings["llmio.data"])
    for number in range(25):
        path = place(app, f"{number:028d}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        age(path)
    refused = llmio("sweep")
    assert refused.exit_code == 1
    assert sum(path.is_file() for path in folder.rglob("*")) == 25
    assert "25 with 25 bytes" in llmio("sweep", "--force").output


def test_a_storage_is_tried_out(llmio, store):
    before = sorted((store.folder / store.bucket).glob("*"))
    done = llmio("test", "--storage", "s3_compatible")
    assert done.exit_code == 0, done.output
    steps = [line[8:].split("  ")[0] for line in done.output.splitlines()]
    assert steps[:6] == ["write", "read", "read a part", "sign", "list", "delete"]
    assert "Storage s3_compatible is well." in done.output
    assert "a signed address works" in done.output
    assert sorted((store.folder / store.bucket).glob("*")) == before
    assert "the site passes files through" in llmio("test").output


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"STORAGE_SECRET_ACCESS_KEY": "wrong"}, "allow s3:PutObject"),
        ({"STORAGE_BUCKET_NAME": "nowhere"}, "the folder or bucket is not there"),
        ({"STORAGE_BUCKET_NAME": ""}, "STORAGE_BUCKET_NAME is not set"),
        ({"STORAGE_ENDPOINT": "http://127.0.0.1:9"}, "no answer"),
    ],
)
def test_what_is_lacking_is_named(llmio, changed, words):
    done = llmio("test", "--storage", "s3_compatible", **changed)
    assert done.exit_code == 1
    assert "FAILED  write" in done.output
    assert words in done.output


def test_a_folder_that_may_not_be_written(llmio, tmp_path):
    (tmp_path / "file").write_text("x")
    done = llmio("test", "--json", LLMIO_STORAGE_FOLDER=str(tmp_path / "file" / "below"))
    assert done.exit_code == 1
    told = json.loads(done.output)
    assert (told["storage"], told["ok"], told["steps"][0]["ok"]) == ("local", False, False)
    assert llmio("test", "--storage", "nowhere").exit_code == 1


def test_one_process_moves_or_sweeps_at_a_time(llmio, put, committed_db, app):
    files = put(b"one", b"two")
    going = moving.move(app, "local", "test", remove=True)
    assert [next(going).done for _turn in range(2)] == [0, 1]
    for words in (("move", "--from", "local", "--to", "test"), ("sweep",)):
        refused = llmio(*words)
        assert (refused.exit_code, "being moved or swept" in str(refused.exception)) == (1, True), refused.output
    assert "would go" in llmio("move", "--from", "local", "--to", "test", "--dry-run").output
    assert [one.done for one in going] == [2]
    assert set(services(committed_db).values()) == {"test"}
    assert llmio("check").exit_code == 0
    assert "Moved 2 files" in llmio("move", "--from", "test", "--to", "local").output
    assert place(app, files[0][1]).read_bytes() == b"one"


def test_move_gives_up_where_the_storage_gives_nothing(llmio, put, committed_db):
    put(*(b"%d" % number for number in range(12)))
    done = llmio("move", "--from", "local", "--to", "s3_compatible", STORAGE_SECRET_ACCESS_KEY="wrong")
    assert done.exit_code == 1
    assert done.output.count("Not moved") == 10
    assert "10 files in a row could not be moved" in str(done.exception)
    assert set(services(committed_db).values()) == {"local"}
