"""Real processes follow a switch within seconds, without a restart: two web workers, a worker, a schedule; with Redis and without."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest

from llmio.embedded.ports import free_port
from tests.commands import run_command
from tests.loopback import PLAIN
from tests.processes import site, until

pytestmark = pytest.mark.xdist_group("up")


@pytest.fixture
def running(committed_db, tmp_path):
    """A site: `serve` with two workers, `worker`, `beat`; `.get(path)` on a new connection, which either worker may take."""
    with site(committed_db, tmp_path) as made:
        port = free_port()
        commands = (["serve", "--workers", "2", "--port", str(port)], ["worker"], ["beat"])
        for command in commands:
            log = (tmp_path / f"{command[0]}.log").open("ab")
            words = [sys.executable, "-m", "llmio", *command]
            made.running.append(subprocess.Popen(words, env=made.environment(), stdout=log, stderr=log))

        def get(path):
            try:
                return PLAIN.get(f"http://127.0.0.1:{port}{path}", timeout=20)
            except httpx.HTTPError:
                return None

        made.get = get
        until(lambda: get("/up") is not None)
        until(lambda: made.ask("SELECT count(*) FROM llmio.heartbeats") == 2)
        yield made


def allow(made, name, *value):
    said = run_command("features", "set" if value else "unset", name, *value, env=made.environment())
    assert said.code == 0, said


def everywhere(made, version, status):
    """Every worker of the web answers so, and the other processes say that they know."""

    def reached():
        if made.log("serve").count(f"features {version}") < 2:
            return False
        if not all(f"features {version}" in made.log(name) for name in ("worker", "beat")):
            return False
        answers = [made.get("/sitemap.xml") for _ in range(12)]
        return all(answer is not None and answer.status_code == status for answer in answers)

    return reached


def test_every_process_follows_within_seconds(running):
    running.get("/sign_in")
    until(lambda: running.ask("SELECT count(DISTINCT kind) FROM llmio.processes") == 3)
    allow(running, "FEATURES_SITEMAP", "on")
    until(everywhere(running, 1, 200))
    said = run_command("plugins", "off", "webhook_discord", env=running.environment())
    assert said.code == 0, said
    until(lambda: all("plugins 1" in running.log(name) for name in ("worker", "beat")))
    until(lambda: running.log("serve").count("plugins 1") >= 2)
    assert not any("loaded anew" in running.log(name) for name in ("serve", "worker", "beat"))
    running.valkey.stop()
    allow(running, "FEATURES_SITEMAP")
    until(everywhere(running, 2, 404))
