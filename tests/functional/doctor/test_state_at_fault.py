"""Faults that lie hidden until somebody writes, updates or restarts, one by one: exactly that one is named."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from llmio.boot import declared
from llmio.cli.doctor import disk, state
from llmio.core import processes
from llmio.core.settings import load
from llmio.testing.servers import engine_of

LASTING = state.LASTING


@pytest.fixture
def spoil(site):
    """`spoil("UPDATE …")`: statements in a database of the test's own; its variables."""
    name = site.servers.copy_template()
    engine = engine_of(site.servers.database(name))

    def made(*statements):
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
        return {"DATABASE_URL": site.servers.database(name)}

    yield made
    engine.dispose()
    site.servers.drop(name)


def test_counters_that_lag_behind_after_a_restore(doctor, spoil):
    spoil("CREATE TABLE llmio.others (document_id bigserial PRIMARY KEY)", "INSERT INTO llmio.others VALUES (9)")
    tag = "INSERT INTO tags (id, name, group_id, created_at, updated_at) VALUES (7, 'a', 1, now(), now())"
    assert doctor("database", **spoil("SELECT setval('tags_id_seq', 7)", tag)) == {}
    told = doctor("database", **spoil("SELECT setval('tags_id_seq', 7, false)"))
    assert told == {"database.sequence": ["public.tags: the next id would be 7, and there is one of 7"]}
    fix = 'SELECT setval(\'"public"."tags_id_seq"\', 7)'
    assert doctor("database", **spoil(fix)) == {}


def test_an_index_that_was_not_made_to_the_end(doctor, spoil):
    changed = spoil("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'tags_pkey'::regclass")
    assert doctor("database", **changed) == {"database.index": ["tags_pkey is not valid"]}


def test_other_rules_of_sorting_after_an_update_of_the_system(doctor, spoil):
    changed = spoil("UPDATE pg_database SET datcollversion = '0.1' WHERE datname = current_database()")
    told = doctor("database", **changed)
    assert list(told) == ["database.collation"]
    assert "version 0.1" in told["database.collation"][0]


def test_a_server_that_does_not_wait_for_the_disk(doctor, monkeypatch):
    monkeypatch.setattr(state, "LASTING", LASTING)
    told = doctor("database")
    assert told == {"database.unsafe": [f"{name} is off" for name in LASTING]}


def test_a_database_that_is_not_vacuumed(doctor, monkeypatch):
    monkeypatch.setattr(state, "OLD", 0)
    assert list(doctor("database")) == ["database.vacuum"]


def test_more_processes_than_the_server_has_connections(doctor):
    told = doctor("database", WEB_CONCURRENCY="60", RAILS_MAX_THREADS="5")
    assert list(told) == ["database.scarce"]
    assert told["database.scarce"][0].startswith("web servers may want 420 connections, a worker 42; ")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", ":/etc/localtime", "CET-1CEST,M3.5.0,M10.5.0/3", ""])
def test_zones_that_are_known(doctor, zone):
    assert doctor("settings", TZ=zone) == {}


@pytest.mark.parametrize("zone", ["Europe/Berlín", "Berlin", "Europe", "../../etc/passwd", "://", ":/etc/passwd"])
def test_a_zone_that_is_not_known(doctor, zone):
    assert doctor("settings", TZ=zone) == {
        "settings.zone": [f"TZ: no time zone {zone} is known here: write one such as Europe/Berlin"]
    }


@pytest.mark.parametrize("name", ["setup-token", "run/environment.json", "backups/night.tar.gz"])
def test_files_of_the_data_folder_that_others_can_read(doctor, tmp_path, name):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("")
    path.chmod(0o640)
    told = doctor("settings", LLMIO_DATA=str(tmp_path))
    assert told == {"settings.permissions": [f"{path} has mode 0640"]}


def test_a_second_redis_is_looked_at_too(doctor):
    told = doctor("redis", REDIS_CACHE_URL="redis://:planted@127.0.0.1:1/0")
    assert list(told) == ["redis.unreachable"]
    assert told["redis.unreachable"][0].startswith("REDIS_CACHE_URL: ")


def test_a_disk_that_takes_no_more_files(doctor, monkeypatch):
    there = os.statvfs("/")
    room = {"f_frsize": there.f_frsize, "f_blocks": 1 << 40, "f_bavail": 1 << 39, "f_bfree": 1 << 39}
    monkeypatch.setattr(disk.os, "statvfs", lambda _path: SimpleNamespace(f_files=1000, f_favail=3, **room))
    told = doctor("disk")
    assert list(told) == ["disk.inodes"]
    assert told["disk.inodes"][0].endswith("3 of 1000 inodes are free")


@pytest.fixture
def running(site):
    """`running("web", FEATURES_SITEMAP="1")`: a process that was told so."""

    def made(kind, **variables):
        with site.engine.begin() as connection:
            processes.show(connection, load(declared(), {}, variables), kind)

    yield made
    with site.engine.begin() as connection:
        connection.execute(text("DELETE FROM llmio.processes WHERE kind IN ('test web', 'test worker')"))


def test_processes_of_another_version(doctor, running, monkeypatch):
    running("test web")
    monkeypatch.setattr(processes, "__version__", "0.0.9")
    running("test worker")
    told = doctor("jobs")
    assert list(told) == ["jobs.version"]
    assert "test worker (process " in told["jobs.version"][0]
    assert told["jobs.version"][0].endswith("is 0.0.9")


def test_processes_that_were_told_different_things(doctor, running):
    running("test web", FEATURES_SITEMAP="1")
    running("test worker")
    told = doctor("jobs")
    assert list(told) == ["jobs.switches"]
    assert told["jobs.switches"][0].startswith("features.sitemap: ")
    assert "has FEATURES_SITEMAP = True" in told["jobs.switches"][0]
    assert "was told nothing" in told["jobs.switches"][0]
