"""Watches a page while a test drives it: what was wrong, and what a report of a failure needs."""

from __future__ import annotations

from collections import deque

from playwright.sync_api import ConsoleMessage, Error, Page, Request, Response

KEPT = 30
"""Lines of what went wrong that are kept for a page."""
TEXT = 1500
"""Characters of a page's text that are shown."""


class Watch:
    """One page. Faults go into `faults` as well, which fails the test at its end."""

    def __init__(self, page: Page, faults: list[str]) -> None:
        self.page = page
        self._faults = faults
        self._noted: deque[str] = deque(maxlen=KEPT)
        self._pending: dict[Request, None] = {}
        page.on("pageerror", lambda error: self._wrong(f"{page.url}: {error}"))
        page.on("console", self._said)
        page.on("crash", lambda _page: self._wrong("the page crashed"))
        page.on("request", self._sent)
        page.on("requestfinished", lambda request: self._pending.pop(request, None))
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    def _wrong(self, line: str) -> None:
        self._noted.append(line)
        self._faults.append(line)

    def _said(self, line: ConsoleMessage) -> None:
        if line.type != "error":
            return
        told = f"{self.page.url}: {line.text}"
        if "the server responded with a status of 4" in line.text:
            self._noted.append(told)  # the answer itself tells more
        else:
            self._wrong(told)

    def _sent(self, request: Request) -> None:
        self._pending[request] = None

    def _failed(self, request: Request) -> None:
        self._pending.pop(request, None)
        self._noted.append(f"{request.method} {request.url} failed: {request.failure}")

    def _answered(self, answer: Response) -> None:
        """A page that is missing may be what a test asks for; what a form or a script sends must be taken."""
        method = answer.request.method
        told = f"{answer.status} {method} {answer.url}"
        if answer.status >= 500 or (answer.status >= 400 and method != "GET"):
            self._wrong(told)
        elif answer.status >= 400:
            self._noted.append(told)

    def report(self) -> str:
        """Where the page is, what it shows, and what became of its requests."""
        waiting = [f"{request.method} {request.url} is not answered" for request in self._pending]
        return "\n".join([f"--- {self.page.url}", *self._noted, *waiting, self._text()])

    def _text(self) -> str:
        if self.page.is_closed():
            return "(closed)"
        try:
            shown = self.page.locator("body").inner_text(timeout=3000)
        except Error as error:
            return f"(its text cannot be read: {error.message.splitlines()[0]})"
        lines = (line.strip() for line in shown.splitlines())
        return "\n".join(line for line in lines if line)[:TEXT]
