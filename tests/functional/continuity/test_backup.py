"""`llmio backup` and `llmio restore`: one archive, proved; faults named; what is kept. And pg_dump as the pgbackups container runs it."""

from __future__ import annotations

import json
import re
import subprocess
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from llmio.continuity import backup, programs, totals
from llmio.continuity.scratch import connect
from llmio.migrations import commands
from llmio.testing import objectstores
from llmio.testing.loomio.dumps import address
from tests.fulldisk import full
from tests.processes import PATIENCE


@pytest.fixture(scope="module")
def live(site_of, scratch_database, llmio_servers, command, tmp_path_factory):
    """A site that lives: its database and its data folder."""
    site, url = site_of(), scratch_database(llmio_servers.template)
    data = tmp_path_factory.mktemp("live")
    said = command(url, "adopt", site.dump, "--files", site.storage, "--quiet", LLMIO_DATA=str(data))
    assert said.code == 0, said.stderr
    return url, data


@pytest.fixture(scope="module")
def archive(live, command):
    """Its archive, proved."""
    url, data = live
    said = command(url, "backup", "--json", LLMIO_DATA=str(data))
    assert said.code == 0, said.stderr
    told = json.loads(said.stdout)
    assert told["files"] == 5
    assert told["proved"]["closed_polls"] == 3
    return Path(told["archive"])


def rows(url, query):
    with connect(url) as connection:
        return connection.execute(query).fetchall()


def state(url):
    with connect(url) as connection:
        held = totals.rows(connection)
        return {name: number for name, number in held.items() if name != "llmio.backups"}, totals.digests(connection)


def test_an_archive_is_whole_and_readable_without_llmio(archive):
    assert archive.stat().st_mode & 0o077 == 0
    with tarfile.open(archive) as tar:
        names = tar.getnames()
    assert names[0] == "manifest.json"
    assert names[1] == "database.dump.00000"
    assert names[-1] == "SHA256SUMS"
    assert sum(name.startswith("files/local/") for name in names) == 5
    assert list(archive.parent.glob(".*.partial")) == []


def test_a_full_disk_is_named_and_leaves_no_half_archive(live, command, tmp_path):
    url, data = live
    with full(20_000):
        said = command(url, "backup", "--to", tmp_path / "to", LLMIO_DATA=str(data))
    assert said.code == 1
    assert re.fullmatch(r"Error: \S+/to/llmio-\S+\.tar cannot be written: File too large\n", said.stderr), said.stderr
    assert list((tmp_path / "to").iterdir()) == []


def test_a_file_is_no_folder_for_archives(live, command, tmp_path):
    (tmp_path / "file").touch()
    said = command(live[0], "backup", "--to", tmp_path / "file", LLMIO_DATA=str(live[1]))
    assert (said.code, said.stderr) == (1, f"Error: {tmp_path / 'file'} is a file; archives need a folder.\n")


def test_checksums_are_those_of_sha256sum(archive, tmp_path):
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path, check=True)


def test_it_is_restored_into_an_empty_place_with_its_files(live, archive, scratch_database, command, tmp_path):
    url, data = live
    target = scratch_database()
    said = command(target, "restore", archive, LLMIO_DATA=str(tmp_path))
    assert said.code == 0, said.stderr
    assert "3 closed polls have their results" in said.stdout
    assert "Files: 5 written" in said.stdout
    assert state(target) == state(url)
    assert commands.check(target) == []
    held = {path.name: path.read_bytes() for path in (data / "storage").rglob("*") if path.is_file()}
    assert {path.name: path.read_bytes() for path in (tmp_path / "storage").rglob("*") if path.is_file()} == held
    last = rows(target, "SELECT max(id) FROM users")[0][0]
    assert rows(target, "SELECT nextval('users_id_seq')") == [(last + 1,)]


def test_its_files_are_restored_into_another_storage(live, archive, scratch_database, command, tmp_path):
    """The storage of before may not be there any more: a bucket of another house."""
    target = scratch_database()
    with objectstores.rclone() as store:
        bucket = {
            "LLMIO_DATA": str(tmp_path),
            "ACTIVE_STORAGE_SERVICE": "s3_compatible",
            "STORAGE_BUCKET_NAME": store.bucket,
            "STORAGE_ENDPOINT": store.endpoint,
            "STORAGE_REGION": "us-east-1",
            "STORAGE_ACCESS_KEY_ID": store.key,
            "STORAGE_SECRET_ACCESS_KEY": store.secret,
            "STORAGE_FORCE_PATH_STYLE": "1",
        }
        said = command(target, "restore", archive, "--storage", "s3_compatible", **bucket)
        assert said.code == 0, said.stderr
        kept = {path.name: path.read_bytes() for path in (store.folder / store.bucket).iterdir()}
        assert rows(target, "SELECT DISTINCT service_name FROM active_storage_blobs") == [("s3_compatible",)]
        made = tmp_path / "made"
        assert command(target, "backup", "--no-prove", "--to", made, **bucket).code == 0
    held = {path.name: path.read_bytes() for path in (live[1] / "storage").rglob("*") if path.is_file()}
    assert kept == held
    (there,) = made.iterdir()
    back, folder = scratch_database(), tmp_path / "back"
    said = command(back, "restore", there, LLMIO_DATA=str(folder))
    assert said.code == 1
    assert "STORAGE_ENDPOINT is not set" in said.stderr
    assert "--storage local" in said.stderr
    said = command(back, "restore", there, "--replace", "--yes", "--storage", "local", LLMIO_DATA=str(folder))
    assert said.code == 0, said.stderr
    assert "Files: 5 written" in said.stdout
    assert {path.name: path.read_bytes() for path in (folder / "storage").rglob("*") if path.is_file()} == held
    assert rows(back, "SELECT DISTINCT service_name FROM active_storage_blobs") == [("local",)]


def test_a_place_that_is_not_empty_is_left_alone_unless_told(
    archive, scratch_database, llmio_servers, command, tmp_path
):
    target = scratch_database(llmio_servers.template)
    with connect(target) as connection:
        connection.execute("INSERT INTO users (name) VALUES ('Zoe')")
        connection.execute("CREATE SCHEMA plugin_old CREATE TABLE rest (id int)")
    said = command(target, "restore", archive, LLMIO_DATA=str(tmp_path))
    assert said.code == 1
    assert "not empty (rows in users)" in said.stderr
    assert rows(target, "SELECT name FROM users") == [("Zoe",)]
    said = command(target, "restore", archive, "--replace", "--yes", "--no-files", LLMIO_DATA=str(tmp_path))
    assert said.code == 0, said.stderr
    assert rows(target, "SELECT count(*) FROM users WHERE name = 'Zoe'") == [(0,)]
    assert rows(target, "SELECT to_regclass('plugin_old.rest')") == [(None,)]


def damaged(archive, tmp_path, change):
    copy = tmp_path / "llmio-20250101-000000.tar"
    data = bytearray(archive.read_bytes())
    copy.write_bytes(change(data))
    return copy


def flipped(data):
    data[len(data) // 2] ^= 0xFF
    return data


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (flipped, "is damaged: "),
        (lambda data: data[: len(data) // 2], "ends in the middle"),
        (lambda data: data[:-20480], "ends in the middle"),
        (lambda data: b"x" * 2000, "is no archive of llmio backup"),
        (lambda data: b"PGDMP" + b"x" * 2000, "is a dump, no archive of llmio backup: `pg_restore`"),
    ],
)
def test_a_damaged_archive_is_found_out_before_anything_is_touched(
    archive, scratch_database, command, tmp_path, change, why
):
    target = scratch_database()
    copy = damaged(archive, tmp_path, change)
    said = command(target, "restore", copy)
    assert said.code == 1
    assert why in said.stderr
    assert rows(target, "SELECT to_regclass('public.users')") == [(None,)]


def test_an_archive_of_a_newer_version_is_refused(live, scratch_database, command, tmp_path):
    url, _data = live
    ahead = scratch_database(str(make_url(url).database))
    with connect(ahead) as connection:
        connection.execute("UPDATE llmio.alembic_version SET version_num = 'core_9999'")
    made = json.loads(command(ahead, "backup", "--no-prove", "--no-files", "--json", "--to", tmp_path).stdout)
    said = command(scratch_database(), "restore", made["archive"])
    assert said.code == 1
    assert "of a newer llmio (revision core_9999)" in said.stderr


def test_a_proof_fails_where_results_are_others(archive, live, command, tmp_path, scratch_left):
    """An archive whose manifest tells of other results than its database: proved wrong, and noted."""
    url, data = live
    forged = tmp_path / "llmio-20250101-000000.tar"
    with tarfile.open(archive) as tar:
        parts = [(header.name, tar.extractfile(header).read()) for header in tar.getmembers()]
    manifest = json.loads(parts[0][1])
    parts[0] = ("manifest.json", json.dumps(manifest | {"results": "0" * 64}).encode())
    import hashlib
    import io

    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in parts[:-1])
    parts[-1] = ("SHA256SUMS", sums.encode())
    with tarfile.open(forged, "w") as tar:
        for name, content in parts:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    said = command(url, "backup", "--prove", forged, LLMIO_DATA=str(data))
    assert said.code == 1
    assert "Results of closed polls are not those that were backed up" in said.stderr
    fault = rows(url, f"SELECT fault, proved_at FROM llmio.backups WHERE archive = '{forged}'")
    assert fault[0][0].startswith("Results of closed polls")
    assert fault[0][1] is None
    assert scratch_left(url) == []


def test_a_missing_file_is_named(site_of, live, scratch_database, command, tmp_path):
    url, _data = live
    said = command(url, "backup", "--to", tmp_path, "--no-prove", LLMIO_DATA=str(tmp_path / "elsewhere"))
    assert said.code == 1
    assert "(minutes.txt)" in said.stderr


def test_killed_while_restoring_it_leaves_the_database_as_it_was(archive, live, scratch_database, tmp_path):
    """`psql` must not commit because its input ended."""
    from llmio.continuity import restore

    target = scratch_database()

    class Broken:
        def __init__(self, stream):
            self.stream, self.left = stream, 3

        def readlines(self, hint):
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return self.stream.readlines(20_000)

    with pytest.raises(KeyboardInterrupt), restore.plain_of(archive) as plain:
        restore.database(target, Broken(plain))
    assert rows(target, "SELECT to_regclass('public.users'), to_regclass('llmio.outbox')") == [(None, None)]
    command = [programs.program("psql"), "--quiet", "--set=ON_ERROR_STOP=1", f"--dbname={address(target)}"]
    subprocess.run(command, input=b"BEGIN;\nCREATE TABLE half (id int);\n", check=True)
    assert rows(target, "SELECT to_regclass('half')") == [(None,)]


# --- the night, and what is kept ---


def test_the_night_makes_proves_and_tidies(live, command, tmp_path):
    url, data = live
    for days in (400, 40, 20, 3, 2, 1):
        moment = datetime.now(UTC) - timedelta(days=days)
        (tmp_path / f"llmio-{moment.strftime(backup.STAMP)}.tar").write_bytes(b"old")
    (tmp_path / "notes.txt").write_text("not ours")
    env = {"LLMIO_DATA": str(data), "LLMIO_BACKUP_FOLDER": str(tmp_path), "LLMIO_BACKUP_KEEP_DAYS": "2",
           "LLMIO_BACKUP_KEEP_WEEKS": "0", "LLMIO_BACKUP_KEEP_MONTHS": "0"}  # fmt: skip
    assert "is off" in command(url, "backup", "--nightly", **env).stdout
    said = command(url, "backup", "--nightly", LLMIO_BACKUP_NIGHTLY="make", **env)
    assert said.code == 0, said.stderr
    assert said.stdout.count("Removed") == 5
    assert len(list(tmp_path.glob("llmio-*.tar"))) == 2
    assert (tmp_path / "notes.txt").exists()


def test_the_job_of_the_night_runs_the_command(live, app, monkeypatch, tmp_path, llmio_servers, redis_url):
    from llmio.core.db import session_factory
    from llmio.core.jobs import GiveUp
    from llmio.testing.servers import engine_of
    from llmio.upkeep import jobs

    url, data = live
    told = {
        "DATABASE_URL": url,
        "LLMIO_BACKUP_NIGHTLY": "prove",
        "LLMIO_BACKUP_FOLDER": str(tmp_path),
        "LLMIO_DATA": str(data),
    }
    for name, value in {**told, "REDIS_URL": redis_url, "LLMIO_ENV": "testing"}.items():
        monkeypatch.setenv(name, value)
    before = app.engine, app.sessions
    app.engine = engine_of(url)
    app.sessions = session_factory(app.engine)
    try:
        jobs.nightly_backup.run(app)  # off: nothing is done
        monkeypatch.setitem(app.settings.values, "backups.nightly", "prove")
        with pytest.raises(GiveUp, match="There is no backup in"):
            jobs.nightly_backup.run(app)
    finally:
        app.engine.dispose()
        app.engine, app.sessions = before
    assert rows(url, f"SELECT fault FROM llmio.backups WHERE archive = '{tmp_path}'") == [
        ("there is no backup in the folder",)
    ]


def test_newest_of_each_day_week_and_month_stay():
    made = [datetime(2026, 3, 31, 3, tzinfo=UTC) - timedelta(hours=12 * number) for number in range(400)]
    gone = set(backup.to_remove(made, days=7, weeks=4, months=3))
    stay = [moment for moment in made if moment not in gone]
    assert stay[0] == made[0]
    assert len({moment.date() for moment in stay[:7]}) == 7
    assert {(moment.year, moment.month) for moment in stay} == {(2026, 3), (2026, 2), (2026, 1)}
    assert len(stay) <= 7 + 4 + 3
    assert list(backup.to_remove(made[:1], days=0, weeks=0, months=0)) == []


def test_age_and_fault_stand_in_admin_and_health(web, make, db, clock, app, monkeypatch):
    from llmio.upkeep.models import Backup

    monkeypatch.setattr("llmio.web.health.PATIENCE", PATIENCE)  # a busy machine is not unwell
    web.sign_in(make.admin_of_site())
    assert "never" in web.get("/admin").text
    health = lambda: web.get("/health", expect_errors=True).json["backup"]  # noqa: E731
    assert health() == {"state": "off", "proved_hours_ago": None}
    monkeypatch.setitem(app.settings.values, "backups.nightly", "make")
    assert health() == {"state": "no backup was proved yet", "proved_hours_ago": None}
    assert "There is no good backup" in web.get("/admin").text
    db.add(Backup(archive="/backups/a.tar", size=1, made_at=clock.now(), proved_at=clock.now(), fault=""))
    db.flush()
    assert health() == {"state": "ok", "proved_hours_ago": 0}
    assert "There is no good backup" not in web.get("/admin").text
    clock.move(hours=50)
    assert health() == {"state": "the last backup was proved 2 days ago", "proved_hours_ago": 50}
    db.add(Backup(archive="/backups/b.tar", size=1, made_at=clock.now(), fault="/secret/path: disk full"))
    db.flush()
    assert health() == {"state": "the last one could not be made or proved", "proved_hours_ago": 50}
    assert "/secret/path: disk full" in web.get("/admin").text


# --- by PostgreSQL's own programs, as the container `pgbackups` calls them ---


def test_pg_dump_and_pg_restore_work_unchanged(live, scratch_database, command, tmp_path):
    url, data = live
    dump = tmp_path / "llmio-latest.dump"
    run([programs.program("pg_dump"), f"--dbname={address(url)}", "-Fc", f"--file={dump}"])
    listed = run([programs.program("pg_restore"), "--list", str(dump)])
    assert "TABLE DATA llmio outbox" in listed
    assert "TABLE DATA public polls" in listed
    target = scratch_database()
    run([programs.program("pg_restore"), "--exit-on-error", "--no-owner", f"--dbname={address(target)}", str(dump)])
    assert commands.check(target) == []
    assert state(target) == state(url)
    said = command(url, "backup", "--prove", dump, LLMIO_DATA=str(data))
    assert said.code == 0, said.stderr
    assert "3 closed polls have their results" in said.stdout


def test_a_dump_of_schema_public_alone_is_found_out(live, command, tmp_path):
    """The image's own example has this option; what llmio adds would be lost."""
    url, data = live
    plain = tmp_path / "llmio-20250101.sql.gz"
    run([programs.program("pg_dump"), f"--dbname={address(url)}", "-Z6", "--schema=public", f"--file={plain}"])
    said = command(url, "backup", "--prove", plain, LLMIO_DATA=str(data))
    assert said.code == 1
    assert "Schema llmio is not in the backup" in said.stderr
    whole = tmp_path / "whole.sql.gz"
    run([programs.program("pg_dump"), f"--dbname={address(url)}", "-Z6", f"--file={whole}"])
    night = command(url, "backup", "--nightly", LLMIO_BACKUP_NIGHTLY="prove", LLMIO_BACKUP_FOLDER=str(tmp_path))
    assert night.code == 0, night.stderr
    assert str(whole) in night.stdout


def test_a_dump_with_another_result_of_a_closed_poll_is_found_out(live, scratch_database, command, tmp_path):
    url, data = live
    forged = scratch_database(str(make_url(url).database))
    with connect(forged) as connection:
        connection.execute("UPDATE poll_options SET total_score = 7 WHERE icon = 'agree'")
    dump = tmp_path / "forged.dump"
    run([programs.program("pg_dump"), f"--dbname={address(forged)}", "-Fc", f"--file={dump}"])
    said = command(url, "backup", "--prove", dump, LLMIO_DATA=str(data))
    assert said.code == 1
    assert "Closed polls have other results" in said.stderr


def run(command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
