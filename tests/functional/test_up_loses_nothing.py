"""The whole site killed at once, supervisor first: what was accepted is done after the next start."""

from __future__ import annotations

import email
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import httpx
import pytest

from llmio.embedded.ports import free_port
from tests.functional.test_up import Site, wait_until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc"),
    pytest.mark.xdist_group("up"),
]


@pytest.fixture
def folder(llmio_servers):
    path = Path(tempfile.mkdtemp(prefix="llmio-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def run(folder):
    """`run()`: start the site, the same each time; what is left of it is ended."""
    port, started = free_port(), []

    def made():
        started.append(Site(folder / "var", port, "--no-demo"))
        return started[-1]

    yield made
    for one in started:
        one.end()


def ask_for_a_link(url, address):
    """Type an address at the door, as a person does."""
    with httpx.Client(base_url=url, follow_redirects=True, timeout=60, verify=False) as browser:
        page = browser.get("/sign_in").text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token is not None
        answer = browser.post("/sign_in", data={"email": address, "csrf_token": token[1]})
        assert answer.status_code == 200, answer.text


def mails_to(site, address):
    new = site.data / "mail" / "new"
    mails = [email.message_from_bytes(path.read_bytes()) for path in new.iterdir()] if new.is_dir() else []
    return [mail for mail in mails if mail["X-RcptTo"] == address]


def test_a_mail_asked_for_before_the_supervisor_was_killed_comes_once_after_the_next_start(run):
    site = run().wait()
    assert wait_until(site.well, 120)
    stopped = set()
    while begun := set(site.of("worker")) - stopped:  # so that nothing can be done before the end
        for pid in begun:
            os.kill(pid, signal.SIGSTOP)
        stopped |= begun
    ask_for_a_link(site.url, "ada@example.org")
    assert mails_to(site, "ada@example.org") == []
    os.kill(site.process.pid, signal.SIGKILL)
    site.process.wait(60)
    again = run().wait()
    assert wait_until(lambda: len(mails_to(again, "ada@example.org")) > 0, 120), again.said()
    ask_for_a_link(again.url, "ben@example.org")
    assert wait_until(lambda: len(mails_to(again, "ben@example.org")) > 0, 120)
    assert len(mails_to(again, "ada@example.org")) == 1
