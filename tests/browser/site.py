"""A running site, and the people in front of it."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import redis
from playwright.sync_api import Browser, BrowserContext, Page, Route
from sqlalchemy import text

from llmio.core.db import engine_for
from llmio.embedded.process import tail, wait_until
from tests.browser.watch import Watch

START_SECONDS = 300
PATIENCE = 90_000
"""Milliseconds to wait for what the page should show; the machine may be busy."""
LINES = 60
"""Of what the site printed, in the report of a failure."""
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


def environment() -> dict[str, str]:
    """Our own, without what would lead to another site."""
    return {name: value for name, value in os.environ.items() if name not in CONFIGURED}


def caught(page: Page, held: Sequence[Route]) -> None:
    """Wait until a request that is to be held is there."""
    assert wait_until(lambda: page.evaluate("true") and len(held) > 0, PATIENCE / 1000)  # asked so that events come in


@dataclass
class Running:
    """`llmio up`, for the whole run of tests: where it is, who has signed in, and which commands were given."""

    url: str
    setup: str
    python: Path
    data: Path
    output: Path
    cookies: dict[str, list[Any]] = field(default_factory=dict)
    given: set[tuple[str, ...]] = field(default_factory=set)
    texts: dict[str, str] = field(default_factory=dict)
    """What the mails say that were read, by their paths."""

    @cached_property
    def door(self) -> httpx.Client:
        """A visitor without a browser."""
        return httpx.Client(base_url=self.url, timeout=30)

    def printed(self) -> str:
        """The last lines of what the site and each of its parts said."""
        parts = [self.output, *sorted((self.data / "log").glob("*.log"))]
        return "\n".join(f"--- {one.name}\n{tail(one, LINES)}" for one in parts)


@dataclass
class Site:
    """The site for one test, with fresh browsers."""

    running: Running
    browser: Browser
    faults: list[str] = field(default_factory=list)
    """What was wrong: scripts that fail, answers of 500, forms that are refused."""
    forgiven: list[str] = field(default_factory=list)
    """Patterns of what a test brings about itself."""
    watches: list[Watch] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return self.running.url

    @property
    def setup(self) -> str:
        """The path that makes its visitor the first administrator."""
        return self.running.setup

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.running.data

    def person(self, *, script: bool = True, width: int = 1280, dark: bool = False, state: Any = None) -> Page:
        """Someone new in front of a browser of their own; `state` holds cookies of someone who was here."""
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
        self.watches.append(Watch(page, self.faults))
        return page

    def enter(self, who: str, *, width: int = 1280, dark: bool = False) -> Page:
        """Someone of the demo, signed in."""
        return self.sign_in(self.person(width=width, dark=dark), f"{who}@bakery.example")

    def forgive(self, *patterns: str) -> None:
        """Take no offence at faults like these, whenever they come: some do after what one sees of them."""
        self.forgiven += patterns

    def wrong(self) -> list[str]:
        """The faults that nobody wanted."""
        return [fault for fault in self.faults if not any(re.search(one, fault) for one in self.forgiven)]

    def report(self) -> str:
        """What each page shows now."""
        return "\n".join(watch.report() for watch in self.watches)

    def llmio(self, *command: str) -> str:
        """What a command of the operator prints."""
        done = subprocess.run(
            [str(self.running.python), "-m", "llmio", *command],
            env=environment() | {"LLMIO_DATA": str(self.running.data)},
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=True,
        )
        return done.stdout

    def once(self, *command: str) -> None:
        """Give a command that need not be given again: a new Python takes seconds."""
        if command not in self.running.given:
            self.llmio(*command)
            self.running.given.add(command)

    def ask(self, statement: str) -> Any:
        """The first row of an answer of the site's database."""
        shared = json.loads((self.running.data / "run" / "environment.json").read_text())
        engine = engine_for(shared["DATABASE_URL"])
        try:
            with engine.connect() as connection:
                return connection.execute(text(statement)).one()
        finally:
            engine.dispose()

    def forget_who_is_live(self) -> None:
        """What a Redis that lost its memory does: the live channel is cut off from it, and then knows no token any more."""
        shared = json.loads((self.running.data / "run" / "environment.json").read_text())
        with redis.Redis.from_url(shared["REDIS_URL"]) as store:
            store.delete(*store.keys("/current_users/*"))
            store.client_kill_filter(_type="pubsub")

    def mails(self) -> list[str]:
        """The mails there are, newest first, as paths."""
        listing = self.running.door.get("/dev/mail").text
        return list(dict.fromkeys(re.findall(r'href="(/dev/mail/[^"/?]+)"', listing)))

    def mail(self, address: str, pattern: str, besides: Collection[str] = ()) -> re.Match[str]:
        """What a mail to an address says, once it has come; `besides` are old ones that are not meant."""
        found: list[re.Match[str]] = []

        def came() -> bool:
            for link in self.mails():
                if link in besides:
                    continue
                said = self._said(link)
                match = re.search(pattern, said)
                if address in said and match:
                    found.append(match)
                    return True
            return False

        assert wait_until(came, PATIENCE / 1000, every=0.1), f"no mail to {address} with {pattern}"
        return found[0]

    def _said(self, link: str) -> str:
        """The text of a mail; it stays what it is."""
        if link not in self.running.texts:
            self.running.texts[link] = html.unescape(self.running.door.get(f"{link}?as=text").raise_for_status().text)
        return self.running.texts[link]

    def sign_in(self, page: Page, address: str) -> Page:
        """By the code that is mailed; who has signed in before goes on with that session, as in a browser one keeps."""
        if address not in self.running.cookies:
            self._enter(page, address)
            self.running.cookies[address] = page.context.cookies()
        page.context.add_cookies(self.running.cookies[address])
        return page

    def _enter(self, page: Page, address: str) -> None:
        before = self.mails()
        page.goto("/sign_in")
        page.get_by_label("E-mail").fill(address)
        with page.expect_response(lambda answer: answer.request.method == "POST") as asked:
            page.locator("main form button[type=submit]").first.click()
        assert asked.value.status == 303, f"{asked.value.status}: {page.locator('main').inner_text()}"
        page.wait_for_url("**/login_code**")
        code = self.mail(address, r"\b(\d{6})\b", before)[1]
        page.locator("input[name=code]").fill(code)
        page.locator("main form:has(input[name=code]) button[type=submit]").first.click()
        page.wait_for_url(lambda url: "login_code" not in url)
