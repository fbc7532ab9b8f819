"""Faults of settings, PostgreSQL, Redis, worker, disk and storage, one by one: exactly that one is named."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager

import psycopg
import pytest
import redis

from llmio.cli.doctor import database, disk
from llmio.core.ports import SystemClock
from llmio.embedded.process import wait_until
from llmio.testing.objectstores import rclone
from tests.processes import PATIENCE


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"SMTP_PORT": "abc"}, "settings.wrong", "SMTP_PORT: 'abc' is not a whole number"),
        ({"LLMIO_STOP_SECOND": "5"}, "settings.unknown", "LLMIO_STOP_SECOND: no such variable; did you mean LLMIO_STOP_SECONDS?"),
        ({"REPLY_HOSTNAM": "x"}, "settings.unknown", "REPLY_HOSTNAM: nothing reads this variable; did you mean REPLY_HOSTNAME?"),
        ({"FEATURES_DISABLE_CREATE_GROUP": "false"}, "settings.off", "is off here"),
        ({"RAILS_ENV": "development"}, "settings.twice", "differs from RAILS_ENV"),
        ({"SECRET_COOKIE_TOKEN": "short"}, "settings.secret", "32 characters"),
        ({"SECRET_COOKIE_TOKEN": None}, "settings.secret", "32 characters"),
        ({"SMTP_PASSWORD": None, "SMTP_PASSWORD_FILE": "/none/x"}, "settings.file", "cannot read /none/x"),
    ],
)  # fmt: skip
def test_settings(doctor, changes, code, said):
    told = doctor("settings", **{name: value for name, value in changes.items() if name != "REPLY_HOSTNAME"},
                  **({"REPLY_HOSTNAME": None} if "REPLY_HOSTNAM" in changes else {}))  # fmt: skip
    assert list(told) == [code]
    assert said in told[code][0]


def test_secrets_that_others_can_read(doctor, tmp_path):
    (tmp_path / "secrets.json").write_text("{}")
    (tmp_path / "secrets.json").chmod(0o600)
    assert doctor("settings", LLMIO_DATA=str(tmp_path)) == {}
    (tmp_path / "secrets.json").chmod(0o644)
    assert list(doctor("settings", LLMIO_DATA=str(tmp_path))) == ["settings.permissions"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "database.unset"),
        ("no address", "database.address"),
        ("mysql://root@localhost/x", "database.address"),
        ("postgresql://llmio:planted@127.0.0.1:1/none", "database.unreachable"),
    ],
)
def test_database_that_cannot_be_reached(doctor, url, code):
    told = doctor("database", DATABASE_URL=url)
    assert list(told) == [code]
    assert "planted" not in str(told)


def test_database_with_another_name_or_user(doctor, site):
    assert list(doctor("database", DATABASE_URL=site.servers.database("not_there"))) == ["database.missing"]
    from sqlalchemy import make_url

    other = make_url(site.url).set(username="nobody_here").render_as_string(hide_password=False)
    assert list(doctor("database", DATABASE_URL=other)) == ["database.login"]


def test_what_needs_the_database_is_left_out_with_one_note(doctor):
    told = doctor(DATABASE_URL="postgresql://llmio:x@127.0.0.1:1/none")
    told.pop("doctor.slow", None)  # of the machine, which has much to do
    assert sorted(told) == ["database.unreachable", "doctor.skipped"]
    assert len(told["doctor.skipped"]) == 1
    assert "jobs" in told["doctor.skipped"][0]


@pytest.fixture
def copy(site):
    """Another migrated database, to be spoilt: its address."""
    name = site.servers.copy_template()
    yield site.servers.database(name)
    site.servers.drop(name)


def ask(url, *statements):
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)


def test_database_too_old(doctor, monkeypatch):
    monkeypatch.setattr(database, "OLDEST", 99)
    assert list(doctor("database")) == ["database.version"]


def test_database_without_an_extension(doctor, copy):
    ask(copy, "DROP EXTENSION hstore CASCADE")
    told = doctor("database", DATABASE_URL=copy)
    assert told == {"database.extension": ["extension hstore is missing"]}


def test_database_with_another_encoding(doctor, site):
    name = f"{site.database}_ascii"
    site.servers.administer(f"""CREATE DATABASE "{name}" ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0""")
    try:
        told = doctor("database", DATABASE_URL=site.servers.database(name))
    finally:
        site.servers.drop(name)
    assert told == {"database.encoding": ["the encoding is SQL_ASCII"]}


def test_database_that_takes_no_writes(doctor, copy):
    ask(copy, f'ALTER DATABASE "{copy.rsplit("/", 1)[1].partition("?")[0]}" SET default_transaction_read_only = on')
    assert list(doctor("database", DATABASE_URL=copy)) == ["database.readonly"]


def test_table_of_ours_that_is_gone(doctor, copy):
    ask(copy, "DROP TABLE llmio.outbox CASCADE")
    told = doctor("database", "schema", DATABASE_URL=copy)
    assert sorted(told) == ["database.incomplete", "doctor.skipped"]
    assert told["database.incomplete"] == ["table llmio.outbox is missing"]


def test_database_behind_ahead_empty_or_changed(doctor, copy, site):
    ask(copy, "UPDATE llmio.alembic_version SET version_num = 'accounts_0003'")
    assert list(doctor("database", DATABASE_URL=copy)) == ["database.migrations"]
    ask(copy, "UPDATE llmio.alembic_version SET version_num = 'future_0099'")
    assert list(doctor("database", DATABASE_URL=copy)) == ["database.newer"]


def test_table_that_was_changed_by_hand(doctor, copy):
    ask(copy, "ALTER TABLE public.polls DROP COLUMN quorum_pct")
    told = doctor("schema", DATABASE_URL=copy)
    assert list(told) == ["schema.differs"]
    assert "polls" in str(told)


def test_connections_near_the_limit(doctor, site, tell):
    with psycopg.connect(site.url.replace("postgresql+psycopg", "postgresql")):
        site.servers.administer(f'ALTER DATABASE "{site.database}" CONNECTION LIMIT 2')
        try:
            told = doctor("database")
        finally:
            site.servers.administer(f'ALTER DATABASE "{site.database}" CONNECTION LIMIT -1')
    assert list(told) == ["database.connections"]
    assert "that the database allows" in told["database.connections"][0]


def test_transaction_that_does_nothing(doctor, site, monkeypatch):
    with psycopg.connect(site.url.replace("postgresql+psycopg", "postgresql"), application_name="forgotten") as other:
        other.execute("SELECT 1")
        assert doctor("database") == {}
        monkeypatch.setattr(database, "IDLE", dt.timedelta(0))
        told = doctor("database")
    assert list(told) == ["database.idle"]
    assert "(forgotten)" in told["database.idle"][0]


# --- Redis ---


@contextmanager
def configured(site, **changes):
    """The site's Valkey with other settings for a while."""
    with redis.Redis.from_url(site.valkey.url()) as client:
        before = {name: client.config_get(name)[name] for name in changes}
        for name, value in changes.items():
            client.config_set(name, value)
        try:
            yield client
        finally:
            for name, value in before.items():
                client.config_set(name, value)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (None, "redis.unset"),
        ("http://localhost", "redis.address"),
        ("redis://:planted@127.0.0.1:1/0", "redis.unreachable"),
    ],
)
def test_redis_that_cannot_be_reached(doctor, url, code):
    told = doctor("redis", REDIS_URL=url)
    assert list(told) == [code]
    assert "planted" not in str(told)


def test_redis_with_another_password(doctor, site):
    wrong = site.valkey.url().replace(site.valkey.password, "wrong")
    assert list(doctor("redis", REDIS_URL=wrong)) == ["redis.login"]


def test_redis_that_may_drop_queues(doctor, site):
    name = "maxmemory-policy"
    with configured(site, maxmemory="100mb", **{name: "allkeys-lru"}):
        assert list(doctor("redis")) == ["redis.eviction"]
    with configured(site, maxmemory="100mb", **{name: "volatile-lru"}):
        assert doctor("redis") == {}


def test_redis_that_takes_no_writes(doctor, site):
    with configured(site, maxmemory="1"):
        assert list(doctor("redis")) == ["redis.full"]
    with redis.Redis.from_url(site.valkey.url()) as client:
        client.replicaof("127.0.0.1", "1")
        try:
            assert list(doctor("redis")) == ["redis.readonly"]
        finally:
            client.replicaof("NO", "ONE")


def test_redis_that_wants_replicas_before_it_writes(doctor, site):
    """One of the refusals that have no code of their own."""
    with configured(site, **{"min-replicas-to-write": "1"}):
        told = doctor("redis")
    assert list(told) == ["redis.unwritable"]
    assert "NOREPLICAS" in told["redis.unwritable"][0] or "replicas" in told["redis.unwritable"][0]


def test_redis_that_could_not_save(doctor, site):
    """A real failed save: the file to be written has a name that the disk refuses."""
    with configured(site, save="3600 1") as client:
        path = site.valkey.data / "dump.rdb"
        path.unlink(missing_ok=True)
        path.mkdir()
        try:
            with pytest.raises(redis.ResponseError):
                client.save()
            client.bgsave()
            assert wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "err", PATIENCE)
            assert list(doctor("redis")) == ["redis.misconf"]
        finally:
            path.rmdir()
            client.bgsave()
            assert wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"] == "ok", PATIENCE)


# --- worker, schedule, jobs, clock ---


def test_worker_and_schedule_that_give_no_sign(doctor, tell):
    tell("UPDATE llmio.heartbeats SET at = now() - interval '5 minutes' WHERE name = 'worker'")
    told = doctor("jobs")
    assert list(told) == ["jobs.worker"]
    assert told["jobs.worker"][0].startswith("no sign of the worker for 30")
    tell("UPDATE llmio.heartbeats SET at = now()", "DELETE FROM llmio.heartbeats WHERE name = 'schedule'")
    assert doctor("jobs") == {"jobs.schedule": ["the schedule was never seen"]}


JOB = ("INSERT INTO llmio.outbox (job, queue, args, created_at, available_at, dead_at) "
       "VALUES ('{job}', 'default', '[]', now(), now() - interval '{ago}', {dead})")  # fmt: skip


def test_jobs_that_are_late_or_dead(doctor, tell):
    tell(JOB.format(job="mail.send", ago="1 minute", dead="NULL"))
    assert doctor("jobs") == {}
    tell(JOB.format(job="mail.send", ago="1 hour", dead="NULL"))
    assert list(doctor("jobs")) == ["jobs.late"]
    tell("DELETE FROM llmio.outbox", JOB.format(job="mail.send", ago="1 hour", dead="now()"))
    assert doctor("jobs") == {"jobs.dead": ["1 jobs were given up: 1 × mail.send"]}


def test_clocks_that_differ(doctor, monkeypatch):
    real = SystemClock.now
    monkeypatch.setattr(SystemClock, "now", lambda self: real(self) - dt.timedelta(seconds=60))
    assert doctor("clock", "jobs") == {"clock.apart": ["the database is 60 s ahead of this machine"]}


# --- disk, storage ---


def test_disk_nearly_full(doctor, monkeypatch):
    monkeypatch.setattr(disk, "LEAST", 1 << 62)
    assert list(doctor("disk")) == ["disk.full"]


def test_data_folder_that_cannot_be_written_to(doctor, tmp_path):
    (tmp_path / "file").write_text("")
    assert list(doctor("disk", LLMIO_DATA=str(tmp_path / "file" / "data"))) == ["disk.folder"]
    assert list(doctor("disk", LLMIO_DATA="/proc/llmio")) == ["disk.folder"]


def test_storage_that_is_not_installed_or_no_folder(doctor, tmp_path):
    assert list(doctor("storage", ACTIVE_STORAGE_SERVICE="tape")) == ["storage.plugin"]
    (tmp_path / "file").write_text("")
    assert list(doctor("storage", LLMIO_STORAGE_FOLDER=str(tmp_path / "file" / "x"))) == ["storage.missing"]


def test_storage_in_a_bucket(doctor):
    with rclone() as store:
        good = {
            "ACTIVE_STORAGE_SERVICE": "s3_compatible", "STORAGE_BUCKET_NAME": store.bucket, "STORAGE_REGION": "us-east-1",
            "STORAGE_ENDPOINT": store.endpoint, "STORAGE_ACCESS_KEY_ID": store.key, "STORAGE_SECRET_ACCESS_KEY": store.secret,
            "STORAGE_FORCE_PATH_STYLE": "1",
        }  # fmt: skip
        assert doctor("storage", **good) == {}
        assert list(doctor("storage", **good | {"STORAGE_BUCKET_NAME": "none"})) == ["storage.missing"]
        told = doctor("storage", **good | {"STORAGE_SECRET_ACCESS_KEY": "planted-wrong"})
        assert list(told) == ["storage.denied"]
        assert "planted" not in str(told)
    assert list(doctor("storage", **good)) == ["storage.silent"]
