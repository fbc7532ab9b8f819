"""A real site, started as a person starts it, and Debian's Chromium."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from tests.browser.site import PATIENCE, START_SECONDS, Running, Site, environment
from tests.seam import sample

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Whatever else there is on the machine's network: no host is found but the site's.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
LIMIT = 2 * 1024 * 1024
"""Bytes of a file that this site takes."""
SET = {
    "SUPPORT_EMAIL": "help@bakery.example",
    "MAX_ATTACHMENT_BYTES": str(LIMIT),
    "FEATURES_EXPLORE_PUBLIC_GROUPS": "1",
}
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser; where several workers share the tests, one has these, and so one site runs."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@dataclass
class Playing:
    """The event loop that Playwright leaves running in this thread as long as it is there."""

    loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def goes_on(self) -> Iterator[None]:
        """Meanwhile it runs; else it is out of the way of tests that run one of their own."""
        asyncio._set_running_loop(self.loop)
        try:
            yield
        finally:
            self.loop = asyncio._get_running_loop()
            asyncio._set_running_loop(None)


PLAYING = Playing()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, bool, bool]:
    """Called for all tests: around those of this folder, with what they set up and tear down, the loop goes on."""
    with PLAYING.goes_on() if item.get_closest_marker("browser") else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """To a failure belongs what the browser showed and what the site printed: where it happens, nobody can look."""
    report = yield
    site = getattr(item, "funcargs", {}).get("site")
    if report.failed and isinstance(site, Site):
        if call.when == "call":
            report.sections.append(("What the browser shows", site.report()))
        report.sections.append(("What the site printed", site.running.printed()))
    return report


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium. Where it is missing these tests are skipped, which the run that decides (.ci/run) refuses."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("Chromium is needed: apt-get install chromium, or name one in CHROMIUM")
    with sync_playwright() as play:
        loop = asyncio._get_running_loop()
        browser = play.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        asyncio._set_running_loop(loop)  # the last test of a run may be one of elsewhere
        browser.close()


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder that every account may enter, unlike pytest's: the site's PostgreSQL keeps its data in it."""
    path = Path(tempfile.mkdtemp(prefix="llmio-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def running(chromium: Browser, folder: Path) -> Iterator[Running]:
    """`llmio up` with the demo and plugins of strangers, on a port of its own.

    It runs in an environment of its own, into which pip put the sample plugins beside llmio.
    """
    python = sample.make(folder / "beside", sample.SOURCE, sample.NOTIFIER).python
    output = folder / "said"
    with output.open("w") as said:
        process = subprocess.Popen(
            [str(python), "-m", "llmio", "up", "--port", str(free_port()), "--data", str(folder / "data")],
            env=environment() | SET,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: "is ready" in output.read_text() or process.poll() is not None, START_SECONDS)
        text = output.read_text()
        assert "is ready" in text, text
        address = re.search(r"is ready: (\S+)", text)
        link = re.search(r"(/setup/\S+)", text)
        assert address is not None
        assert link is not None
        made = Running(address[1], link[1], Path(python), folder / "data", output)
        yield made
        made.door.close()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(START_SECONDS)


@pytest.fixture
def site(running: Running, chromium: Browser) -> Iterator[Site]:
    """The site, with fresh browsers; what was wrong in one fails the test."""
    made = Site(running, chromium)
    before = len(chromium.contexts)
    yield made
    for context in chromium.contexts[before:]:
        context.close()
    assert made.wrong() == []
