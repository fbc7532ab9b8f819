"""Behind PgBouncer in transaction mode, where each transaction may meet another server connection."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from llmio.core.db import engine_for
from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from tests import deeds
from tests.processes import PATIENCE, site, until

PGBOUNCER = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
CONNECTIONS = 6
"""To the server, for all processes together: fewer than the threads that want one."""


@pytest.fixture
def place(committed_db, tmp_path):
    with site(committed_db, tmp_path) as made:
        yield made


@pytest.fixture
def pooled(place, tmp_path):
    """The address of the same database through a pool; all that is started uses it."""
    url = make_url(place.url)
    port, folder = free_port(), tmp_path / "pgbouncer"
    folder.mkdir()
    there = f"host={url.host or url.query['host']} port={url.query.get('port', url.port or 5432)}"
    (folder / "ini").write_text(
        f"[databases]\nllmio = {there} dbname={url.database} user={url.username} connect_query='SET search_path = public'\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = transaction\n"
        f"default_pool_size = {CONNECTIONS}\nunix_socket_dir =\nlogfile = {folder}/log\npidfile = {folder}/pid\n"
    )
    user = []
    if os.geteuid() == 0:  # it refuses to be root; the database's own account may reach its socket
        owner = Path(url.query["host"]).stat().st_uid if "host" in url.query else pwd.getpwnam("nobody").pw_uid
        shutil.chown(folder, owner)
        for parent in folder.parents:
            if parent.stat().st_mode & 0o001 == 0:
                parent.chmod(parent.stat().st_mode | 0o011)
        user = ["-u", pwd.getpwuid(owner).pw_name]
    process = subprocess.Popen([PGBOUNCER, "-q", *user, str(folder / "ini")])
    place.running.append(process)
    place.url = f"postgresql://llmio@127.0.0.1:{port}/llmio?prepared_statements=false"
    engine = engine_for(place.url, pool_size=20)
    try:
        assert wait_until(lambda: answers(engine), 60), Path(folder / "log").read_text()
        yield engine
    finally:
        engine.dispose()


def answers(engine) -> bool:
    try:
        with engine.connect() as connection:
            return connection.scalar(text("SELECT 1")) == 1
    except Exception:  # noqa: BLE001  # whatever it is, it counts
        return False


def test_statements_asked_again_and_again_do_not_miss_what_another_connection_prepared(pooled):
    faults = []

    def ask():
        try:
            for number in range(40):  # psycopg prepares a statement at its sixth time
                with pooled.begin() as connection:
                    assert connection.scalar(text("SELECT CAST(:number AS int)"), {"number": number}) == number
        except Exception as error:  # noqa: BLE001  # whatever it is, it counts
            faults.append(error)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)
    assert faults == []


def test_our_tables_are_found_whatever_the_name_of_the_role(pooled):
    with pooled.connect() as connection:
        assert connection.scalar(text("SHOW search_path")) == "public"


def test_jobs_are_done_once_and_their_locks_hold_while_they_run(pooled, place, tmp_path):
    place.start("worker")
    place.act(deeds.note, "within a transaction", times=60)
    place.act(deeds.wait, str(tmp_path / "go"), times=3)
    until(lambda: place.notes().count("began") == 3)
    # A second worker finds the three held, though their connections have long been free between transactions.
    place.start("worker")
    until(lambda: place.waiting() == 3)
    place.act(deeds.note, "beside them", times=20)
    until(lambda: place.notes().count("beside them") == 20)
    (tmp_path / "go").touch()
    until(lambda: place.waiting() == 0)
    found = place.notes()
    assert (found.count("within a transaction"), found.count("began"), found.count("ended")) == (60, 3, 3)
    here = "(SELECT oid FROM pg_database WHERE datname = current_database())"  # other tests hold locks in theirs
    locks = f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid <> 0 AND database = {here}"
    until(lambda: place.ask(locks) == 0)  # a lock is let go a moment after its row
