"""`llmio adopt`: every form and version of a dump; refusals; malformed rows; all or nothing; twice."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import make_url

from llmio.continuity import adopting, archive, looking
from llmio.continuity.scratch import connect
from llmio.migrations import commands, facts
from llmio.testing import loomio
from llmio.testing.loomio.faults import BROKEN, NOBODY, NOWHERE
from llmio.testing.plugin import SECRET
from tests.processes import until

KINDS = ("proposal", "poll", "score")


def rows(url, query):
    with connect(url) as connection:
        return connection.execute(query).fetchall()


def adopted(url, site):
    looked = looking.look(site.dump)
    assert adopting.state_of(url, looked.digest) is False
    return adopting.adopt(url, looked, KINDS)


@pytest.fixture
def migrated(scratch_database, llmio_servers):
    return scratch_database(llmio_servers.template)


@pytest.mark.parametrize(
    ("version", "form"), [(loomio.NEWEST, "plain"), ("20250901000000", "plain.gz"), (loomio.OLDEST, "custom")]
)
def test_each_version_comes_over_row_by_row(site_of, migrated, version, form):
    site = site_of(version, form)
    report = adopted(migrated, site)
    assert report.version == version
    expected = facts.reference().tables - set(facts.BOOKKEEPING)
    later = {"stance_receipts", "action_mailbox_inbound_emails"} if version == loomio.OLDEST else set()
    later |= {"action_mailbox_inbound_emails"} if version != loomio.NEWEST else set()
    assert set(report.tables) == expected - later
    assert all(row["dump"] == row["now"] > 0 for row in report.tables.values())
    assert report.findings == []
    assert {one["title"]: one["after"][1] for one in report.polls}["A proposal"] == 3
    assert all(one["before"] == one["after"] and one["after"][0] == one["published"] for one in report.polls)
    assert rows(migrated, "SELECT quorum_pct FROM polls WHERE title = 'Closed'") == [(50,)]
    assert (facts.REFERENCE_VERSION,) in rows(migrated, "SELECT version FROM schema_migrations")
    dropped = "table poll_unsubscriptions with 1 rows: left out; the reference's own updates drop it"
    assert (dropped in report.unknown) == (version == loomio.OLDEST)
    assert ("column outcomes.secret_token: left out" in report.unknown) == (version == loomio.OLDEST)
    for table in ("users", "events", "polls", "stances", "active_storage_blobs"):
        last = rows(migrated, f"SELECT max(id) FROM {table}")[0][0]
        assert rows(migrated, f"SELECT nextval(pg_get_serial_sequence('{table}', 'id'))") == [(last + 1,)], table


@pytest.mark.parametrize("form", ["plain", "tar", "custom.gz", "plain.gz"])
def test_each_form_is_read_as_the_custom_one(site_of, form):
    expected, found = (looking.look(site_of(form=one).dump) for one in ("custom", form))
    assert (found.rows, found.versions, found.sequences) == (expected.rows, expected.versions, expected.sequences)
    assert found.rows["polls"] == 16


def test_an_id_that_was_given_and_is_gone_is_not_given_again(site_of, scratch_database, migrated, tmp_path):
    source = scratch_database(site_of().database)
    with connect(source) as connection:
        connection.execute("SELECT setval('users_id_seq', 4711)")
    dump = loomio.dumped(source, tmp_path / "dump")
    adopting.adopt(migrated, looking.look(dump), KINDS)
    assert rows(migrated, "SELECT nextval('users_id_seq')") == [(4712,)]


# --- malformed rows ---


@pytest.fixture(scope="module")
def mended(site_of, scratch_database, llmio_servers, command):
    """A site with malformed rows, adopted by the command: (url, the site, the report)."""
    site, url = site_of(malformed=True), scratch_database(llmio_servers.template)
    said = command(url, "adopt", site.dump, "--files", site.storage, "--json")
    assert said.code == 0, said.stderr
    return url, site, json.loads(said.stdout)


def test_every_malformed_row_is_listed_with_what_was_done(mended):
    url, _site, report = mended
    held = {(one["table"], one["what"]) for one in report["findings"]}
    for table, _statement in BROKEN.values():
        assert any(owner == table for owner, _what in held), table
    told = " ".join(f"{one['table']} {one['what']} → {one['done']}" for one in report["findings"])
    for part in (
        "invalid input syntax for type json → custom_fields set to '{}'", "value too long", "yesterday-ish",
        'null value in column "code"', '"seven" → set aside', "attachments: JSON, but no array", "object_changes: JSON, but no object",
        "attachments: entries that are none: 2 → left out", "link_previews: entries that are none: 1", 'option_scores: not what votes are {"": []} → made anew',
        "option_scores: not what votes are {} → made anew", 'voter_scores: not what votes are {"ada": 1}', "stance_counts: not what votes are [[1], null]",
        "custom_fields: no list of people in user_ids → left out", "closed_at: no moment",
        "time_zone: no name of a time zone: Mars/Olympus → time_zone set to 'UTC'", "body_format: unknown format wiki",
        "volume: unknown value 9", '"login_tokens_pkey" → set aside', "sequence_id: no place in a thread: 2147483647",
        "group_id, user_id: twice → set aside", "hide_results: unknown value 9 → hide_results set to 2", "unknown kind tarot → kept",
        "discussion_privacy_options: unknown value maybe", "max_depth: unknown value 40", "key: missing → a new key made", "title: missing → title set to ",
        "username: twice → username set to NULL", "put in order", "counter: behind", "memberships_count: 77",
        "counters: 51 points published, the votes have 3 → counted anew", "the totals that were published",
        "a second vote of the same person", f"there is no discussions {NOWHERE} → set aside",
        f"there is no groups {NOWHERE}", f"there is no active_storage_blobs {NOWHERE}", f"there is no stances {NOWHERE}",
        "missing, though named by comments: 1 → an empty closed account",
    ):  # fmt: skip
        assert part in told, part
    assert rows(url, "SELECT count(*) FROM llmio.adoption_findings") == [(len(report["findings"]),)]


def test_files_of_before_active_storage_are_listed(mended):
    url, _site, report = mended
    told = {(line.split()[0], line.partition(": ")[2]) for line in report["old_files"]}
    assert told >= {
        ("attachments", "minutes.doc (file_file_name)"),
        ("comments", "its body names a file below /system/"),
        ("groups", "cover.jpg (cover_photo_file_name)"),
        ("users", "chi.png (uploaded_avatar_file_name)"),
    }
    assert not [line for line in report["old_files"] if "moved.doc" in line]
    kept = rows(url, "SELECT file_file_name FROM attachments WHERE file_file_name LIKE '%%.doc' ORDER BY id")
    assert kept == [("minutes.doc",), ("moved.doc",)]


def test_a_malformed_row_is_kept_as_it_came(mended):
    url, _site, _report = mended
    kept = dict(
        rows(url, "SELECT table_name, original FROM llmio.adoption_findings WHERE table_name IN ('webhooks', 'polls')")
    )
    assert "\tseven\t" in kept["webhooks"]
    broken = rows(url, "SELECT original FROM llmio.adoption_findings WHERE what LIKE '%%for type json%%'")
    assert '{"broken": ' in broken[0][0]
    lost = rows(
        url, f"SELECT original::jsonb ->> 'body' FROM llmio.adoption_findings WHERE what LIKE '%%discussions {NOWHERE}'"
    )
    assert ("Nowhere",) in lost


def test_after_mending_the_database_is_the_references(mended):
    url, site, report = mended
    assert commands.check(url) == []
    assert all(row["dump"] - row["set_aside"] + row["added"] == row["now"] for name, row in report["tables"].items())
    assert rows(url, f"SELECT name, deactivated_at IS NOT NULL FROM users WHERE id = {NOBODY}") == [(None, True)]
    poll = site.world.polls["A poll"]
    assert rows(url, f"SELECT sum(total_score) FROM poll_options WHERE poll_id = {poll}") == [(3,)]
    twice = "SELECT original::jsonb ->> 'admin' FROM llmio.adoption_findings WHERE what = 'group_id, user_id: twice'"
    assert rows(url, twice) == [("false",)]
    closed = site.world.polls["Closed"]
    assert rows(url, f"SELECT max(total_score) FROM poll_options WHERE poll_id = {closed}") == [(40,)]


# --- twice, refused, stopped ---


def test_twice_changes_nothing(mended, command):
    url, site, _report = mended
    counted = """SELECT (SELECT count(*) FROM users), (SELECT count(*) FROM events), (SELECT max(updated_at) FROM polls),
        (SELECT count(*) FROM llmio.adoption_findings), (SELECT count(*) FROM llmio.outbox)"""
    before = rows(url, counted)
    said = command(url, "adopt", site.dump, "--files", site.storage)
    assert (said.code, rows(url, counted)) == (0, before), said.stderr
    assert "adopted before; nothing was changed" in said.stdout
    assert "Files: 5; 0 copied, 5 in their place already." in said.stdout


def test_a_second_dump_is_refused(mended, site_of, command):
    url, _site, _report = mended
    said = command(url, "adopt", site_of().dump)
    assert said.code == 1
    assert "has adopted loomio.custom already" in said.stderr


def test_a_database_with_rows_is_refused(scratch_database, llmio_servers, site_of, command):
    url = scratch_database(llmio_servers.template)
    with connect(url) as connection:
        connection.execute("INSERT INTO users (name) VALUES ('Ada')")
    said = command(url, "adopt", site_of().dump)
    assert said.code == 1
    assert "not empty (rows in users)" in said.stderr
    assert "createdb" in said.stderr
    assert rows(url, "SELECT name FROM users") == [("Ada",)]


def test_a_full_disk_is_named_and_nothing_is_left(scratch_database, llmio_servers, site_of, command):
    url = scratch_database(llmio_servers.template)
    with connect(url) as connection:  # what the server says when it cannot extend a file
        connection.execute("CREATE FUNCTION llmio.full() RETURNS trigger LANGUAGE plpgsql AS"
                           " $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$")  # fmt: skip
        connection.execute("CREATE TRIGGER x BEFORE INSERT ON llmio.adoptions EXECUTE FUNCTION llmio.full()")
    said = command(url, "adopt", site_of().dump)
    assert said.code == 1
    assert "is full (could not extend file): make room" in said.stderr
    assert rows(url, "SELECT count(*) FROM users") == [(0,)]


def refusal(command, url, path):
    said = command(url, "adopt", path)
    assert said.code == 1, said.stdout
    assert "Traceback" not in said.stderr
    assert rows(url, "SELECT to_regclass('public.users')") == [(None,)]
    return said.stderr


@pytest.fixture
def untouched(scratch_database):
    return scratch_database()


@pytest.mark.parametrize("form", ["custom", "plain", "plain.gz", "custom.gz", "tar"])
def test_a_truncated_file_is_refused(site_of, tmp_path, command, untouched, form):
    whole = site_of(form=form).dump.read_bytes()
    cut = tmp_path / "cut.dump"
    cut.write_bytes(whole[: len(whole) // 3])
    assert "cut.dump ends in the middle" in refusal(command, untouched, cut)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            "UPDATE schema_migrations SET version = '20260831000001' WHERE version > '2025'",
            "of a newer Loomio (schema 20260831000001)",
        ),
        ("DELETE FROM schema_migrations WHERE version > '2025'", "older than v3.0 (schema 20200101000000)"),
        ("DELETE FROM schema_migrations", "does not say which version"),
        ("DROP TABLE stances", "lacks the tables stances"),
        ("CREATE SCHEMA llmio; CREATE TABLE llmio.outbox (id int)", "a dump of llmio itself"),
    ],
)
def test_a_dump_that_cannot_be_adopted_says_why(
    scratch_database, site_of, llmio_servers, tmp_path, command, untouched, change, why
):
    source = scratch_database(site_of().database)
    with connect(source) as connection:
        connection.execute(change)
    assert why in refusal(command, untouched, loomio.dumped(source, tmp_path / "dump"))


@pytest.mark.parametrize("form", ["custom", "plain"])
def test_a_dump_that_went_through_a_terminal_is_named(site_of, tmp_path, command, untouched, form):
    changed = tmp_path / "changed.dump"
    changed.write_bytes(site_of(form=form).dump.read_bytes().replace(b"\n", b"\r\n"))
    assert "changed.dump was changed on the way (ends of lines)" in refusal(command, untouched, changed)


def test_what_is_no_dump_of_loomio_is_refused(scratch_database, site_of, tmp_path, command, untouched):
    other = scratch_database()
    with connect(other) as connection:
        connection.execute("CREATE TABLE cats (id int)")
    assert "no tables of Loomio" in refusal(command, untouched, loomio.dumped(other, tmp_path / "cats"))
    made = tmp_path / "made.tar"
    with archive.writing(made, archive.Manifest("2026-01-01T00:00:00+00:00", "core_0001", 170000, {}, 0, "")) as writer:
        writer.text("database.dump.00000", "x")
    assert "made.tar is an archive of `llmio backup`: `llmio restore` takes it back" in refusal(
        command, untouched, made
    )
    assert f"{tmp_path.name} is a folder" in refusal(command, untouched, tmp_path / ".")
    noise = tmp_path / "noise"
    noise.write_bytes(os.urandom(4096))
    assert "is no dump of PostgreSQL" in refusal(command, untouched, noise)
    empty = tmp_path / "empty"
    empty.touch()
    assert "is no dump of PostgreSQL" in refusal(command, untouched, empty)
    assert "is a folder" in refusal(command, untouched, tmp_path)
    packed = tmp_path / "packed.gz"
    packed.write_bytes(gzip.compress(b"--\n-- PostgreSQL database dump\n--\n")[:-8] + b"\0" * 8)
    assert "damaged" in refusal(command, untouched, packed)
    assert "--inserts" in refusal(command, untouched, site_of(form="inserts").dump)
    plain = site_of(form="plain").dump.read_bytes()
    both, latin = tmp_path / "both", tmp_path / "latin"
    both.write_bytes(plain + plain)
    assert "of more than one database" in refusal(command, untouched, both)
    latin.write_bytes(plain.replace(b"client_encoding = 'UTF8'", b"client_encoding = 'LATIN1'"))
    assert "is in LATIN1" in refusal(command, untouched, latin)


def test_a_dry_run_reports_and_touches_nothing(site_of, command, untouched, tmp_path, scratch_left):
    site = site_of(loomio.OLDEST)
    said = command(untouched, "adopt", site.dump, "--dry-run", "--files", site.storage, LLMIO_DATA=str(tmp_path))
    assert said.code == 0, said.stderr
    assert "could be adopted as shown; nothing was changed" in said.stdout
    assert "A ranked_choice" in said.stdout
    assert "Files: 5; 5 to copy" in said.stdout
    assert rows(untouched, "SELECT to_regclass('public.users')") == [(None,)]
    assert list(tmp_path.glob("storage/*")) == []
    assert scratch_left(untouched) == []


def test_killed_in_the_middle_it_leaves_an_empty_database(site_of, scratch_database, llmio_servers, command, redis_url):
    site, url = site_of(malformed=True), scratch_database(llmio_servers.template)
    environment = {
        **os.environ, "DATABASE_URL": url, "REDIS_URL": redis_url, "LLMIO_DATA": str(command.data), "LLMIO_ENV": "testing",
        "SECRET_COOKIE_TOKEN": SECRET,
    }  # fmt: skip
    with connect(url) as blocker:
        # It waits here when it notes the first malformed row, with half of the tables written.
        blocker.execute("LOCK TABLE llmio.adoption_findings")
        process = subprocess.Popen([sys.executable, "-m", "llmio", "adopt", str(site.dump)], env=environment)
        with connect(url, autocommit=True) as watcher:
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = %s)"
            name = make_url(url).database
            until(lambda: process.poll() is not None or watcher.execute(waiting, (name,)).fetchone() != (0,))
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    ended = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    until(lambda: rows(url, ended) == [(0,)])
    assert rows(url, "SELECT count(*) FROM users") == [(0,)]
    assert rows(url, "SELECT count(*) FROM llmio.adoptions") == [(0,)]
    said = command(url, "adopt", site.dump, "--quiet")
    assert said.code == 0, said.stderr
    assert rows(url, "SELECT count(*) FROM users") == [(11,)]


def test_files_that_are_missing_or_damaged_are_named(site_of, scratch_database, llmio_servers, command, tmp_path):
    site, url = site_of("20250901000000"), scratch_database(llmio_servers.template)
    storage = tmp_path / "storage"
    for name in ("picture.png", "minutes.txt"):
        key = site.world.blobs[name]
        place = storage / key[:2] / key[2:4] / key
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((site.storage / key[:2] / key[2:4] / key).read_bytes().replace(b"decided", b"dreamed"))
    said = command(url, "adopt", site.dump, "--files", storage, LLMIO_DATA=str(tmp_path / "data"))
    assert said.code == 1
    assert "(minutes.txt): is not what its row says" in said.stdout
    assert "(face.png): is not in the folder" in said.stdout
    assert "picture.png" not in said.stdout
    again = command(url, "adopt", site.dump, "--files", site.storage, LLMIO_DATA=str(tmp_path / "data"))
    assert again.code == 0, again.stdout
    assert "4 copied, 1 in their place" in again.stdout
