"""Where time goes: a profile of the pages and writes that matter most (`python -m bench.profile`)."""

from __future__ import annotations

import cProfile
import pstats
import shutil
import tempfile
from pathlib import Path

import webtest

from bench import seed
from bench.site import Site
from llmio import web

WANTED = ("thread of 100", "poll of 200 votes", "vote (write)")
TIMES = 40


def main() -> None:
    """Print the functions in which most time is spent, per request."""
    folder = Path(tempfile.mkdtemp(prefix="llmio-profile-"))
    folder.chmod(0o755)
    try:
        with Site(folder) as site:
            world = seed.fill(site.app())
            browser = webtest.TestApp(web.assemble(site.app(), warm=True))
            for what in (one for one in world.asks if one.name in WANTED):
                print(f"\n== {what.name}, {TIMES} times ==")
                _profile(browser, what, world.cookies[0])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _profile(browser: webtest.TestApp, what: seed.Ask, cookie: str) -> None:
    headers = {"Cookie": cookie, "Host": "localhost"}

    def ask() -> None:
        if what.form:
            browser.post(what.path, {**what.form, "csrf_token": seed.CSRF}, headers=headers, status=303)
        else:
            browser.get(what.path, headers=headers, status=200)

    for _time in range(3):
        ask()
    profile = cProfile.Profile()
    profile.enable()
    for _time in range(TIMES):
        ask()
    profile.disable()
    stats = pstats.Stats(profile)
    stats.sort_stats("tottime").print_stats(18)
    stats.sort_stats("cumulative").print_stats("llmio|jinja2/environment|execute", 22)


if __name__ == "__main__":
    main()
