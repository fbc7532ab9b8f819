"""A real site, started as a person starts it, and Debian's Chromium."""

from __future__ import annotations

import html
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from llmio.embedded.process import wait_until
from tests.seam import sample

START_SECONDS = 180
PATIENCE = 45_000
"""Milliseconds to wait for what the page should show; the machine may be busy."""
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CONFIGURED = (
    "DATABASE_URL",
    "REDIS_URL",
    "REDIS_QUEUE_URL",
    "SMTP_SERVER",
    "CHANNELS_URL",
    "PORT",
    "HOST",
    "LLMIO_DATA",
)
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here drives a browser."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@dataclass
class Site:
    """A running site and the people in front of it."""

    url: str
    setup: str
    python: Path
    data: Path
    browser: Browser
    faults: list[str] = field(default_factory=list)
    """What the browser complained about: scripts that fail, answers of 500, resources that are missing."""

    def person(self, *, script: bool = True, width: int = 1280, dark: bool = False, state: Any = None) -> Page:
        """Someone new in front of a browser of their own; `state`: with the cookies of another one."""
        context: BrowserContext = self.browser.new_context(
            base_url=self.url,
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            storage_state=state,
        )
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        page.on(
            "response",
            lambda answer: self.faults.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None,
        )
        page.on(
            "console",
            lambda line: (
                self.faults.append(f"{page.url}: {line.text}")
                if line.type == "error" and "the server responded with a status of 4" not in line.text
                else None
            ),
        )
        return page

    def llmio(self, *command: str) -> str:
        """What a command of the operator prints."""
        environment = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
        done = subprocess.run(
            [str(self.python), "-m", "llmio", *command],
            env=environment | {"LLMIO_DATA": str(self.data), "FEATURES_EXPLORE_PUBLIC_GROUPS": "1"},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=True,
        )
        return done.stdout

    def mails(self) -> list[str]:
        """The mails there are, newest first, as paths."""
        listing = httpx.get(f"{self.url}/dev/mail", timeout=30).text
        return list(dict.fromkeys(re.findall(r'href="(/dev/mail/[^"/?]+)"', listing)))

    def mail(self, address: str, pattern: str, besides: Collection[str] = ()) -> re.Match[str]:
        """What a mail to an address says, once it has come; `besides` are old ones that are not meant."""
        found: list[re.Match[str]] = []

        def came() -> bool:
            for link in self.mails():
                if link in besides:
                    continue
                text = html.unescape(httpx.get(f"{self.url}{link}?as=text", timeout=30).text)
                match = re.search(pattern, text)
                if address in text and match:
                    found.append(match)
                    return True
            return False

        assert wait_until(came, 60), f"no mail to {address} with {pattern}"
        return found[0]

    def sign_in(self, page: Page, address: str) -> Page:
        """By the code that is mailed."""
        before = self.mails()
        page.goto("/sign_in")
        page.get_by_label("E-mail").fill(address)
        page.locator("main form button[type=submit]").first.click()
        page.wait_for_url("**/login_code**")
        code = self.mail(address, r"\b(\d{6})\b", before)[1]
        page.locator("input[name=code]").fill(code)
        page.locator("main form:has(input[name=code]) button[type=submit]").first.click()
        page.wait_for_url(lambda url: "login_code" not in url)
        return page


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; its absence is a failure, not a reason to skip."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is needed: apt-get install chromium"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Path, Path]]:
    """`llmio up` with the demo and a stranger's plugin: its address and the link of the first administrator.

    It runs in an environment of its own, into which pip put the sample plugin beside llmio.
    """
    folder = tmp_path_factory.mktemp("site")
    folder.chmod(0o755)
    python = sample.make(folder / "beside").python
    output = folder / "said"
    environment = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
    with output.open("w") as said:
        process = subprocess.Popen(
            [str(python), "-m", "llmio", "up", "--port", "3210", "--data", str(folder / "data")],
            env=environment,
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
        yield address[1], link[1], Path(python), folder / "data"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


@pytest.fixture
def site(running: tuple[str, str, Path, Path], chromium: Browser) -> Iterator[Site]:
    """The site, with fresh browsers; a script that failed or an answer of 500 fails the test."""
    made = Site(*running, chromium)
    before = len(chromium.contexts)
    yield made
    for context in chromium.contexts[before:]:
        context.close()
    assert made.faults == []
