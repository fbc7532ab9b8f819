"""Objects of plugins that return what they should not: an error of theirs, which is named; the page goes on."""

from __future__ import annotations

import pytest

from llmio.notifications.sending import Ready
from llmio.plugins import HttpAnswer, Message, Outgoing, Retry, Target
from llmio.testing.ports import Mailbox, MemoryHttp
from tests.seam.distributions import poll_type
from tests.seam.test_running import BALLOT, FORMAT, NOTIFIER, SEARCH, poll_on

TALLY = 'return Result((Column("name", "Option", "text"),), ())'


def served(browser, *paths):
    """What the paths are answered with in the end."""
    answers = []
    for path in paths:
        answer = browser.get(path, expect_errors=True)
        while answer.status_int in (302, 303):
            answer = answer.follow(expect_errors=True)
        answers.append(answer.status_int)
    return answers


def with_kinds(strangers, changes):
    """Plugins `poll_0`, `poll_1`, … with a poll type of the same key each: what is replaced in it by what."""
    for number, (before, after) in enumerate(changes):
        source = poll_type(f"llmio_poll_{number}", key=f"poll_{number}").replace(before, after)
        strangers.add(f"poll_{number}", source, files={"templates/ballot.jinja2": BALLOT})


def test_result_that_is_none(strangers, start):
    wrong = ("None", "[1, 2]", "Result(None, None)", "Result((), 'abc')", "Result((7,), ())")
    with_kinds(strangers, [(TALLY, f"return {one}") for one in wrong])
    site = start()
    for number, _wrong in enumerate(wrong):
        poll, ada, ids = poll_on(site, f"poll_{number}")
        browser = site.as_user(ada)
        browser.send(f"/p/{poll.key}/vote", {f"score_{ids[0]}": "1"}, status=303)
        assert served(browser, f"/p/{poll.key}", f"/p/{poll.key}/export.csv", "/dashboard") == [200, 200, 200]
        assert "Tea" in browser.get(f"/p/{poll.key}").follow()
    site.names_all({f"poll_{number}": ("tally",) for number, _wrong in enumerate(wrong)}, "active")


def test_answers_of_a_poll_type_of_another_kind(strangers, start):
    methods = {
        "read(self, form, poll): return {1: 1}": 422,
        "migrate_settings(self, settings): return None": 303,
        "export_rows(self, profile, poll): return 7": 303,
        "color(self, option): return 7": 303,
        "method(self, settings): return ['sum']": 303,
    }
    with_kinds(strangers, [("def check(", f"def {method}\n\n    def check(") for method in methods])
    site = start()
    for number, status in enumerate(methods.values()):
        poll, ada, ids = poll_on(site, f"poll_{number}")
        browser = site.as_user(ada)
        browser.send(f"/p/{poll.key}/vote", {f"score_{ids[0]}": "1"}, status=status)
        paths = (f"/p/{poll.key}", f"/p/{poll.key}/export.csv", f"/p/{poll.key}/edit")
        assert served(browser, *paths) == [200, 200, 200]
    site.names_all({f"poll_{number}": (one.partition("(")[0],) for number, one in enumerate(methods)}, "active")


@pytest.mark.parametrize("wrong", ["[]", "Page(None)", "Page([1, 2])"])
def test_page_of_hits_that_is_none(strangers, start, wrong):
    source = SEARCH.replace("import SearchProvider", "import Page, SearchProvider")
    strangers.add("search_broken", source.replace('raise ValueError("cannot search")', f"return {wrong}"))
    site = start(LLMIO_SEARCH_PROVIDER="broken")
    assert served(site.browser, "/search?q=tea") == [503]
    site.names("search_broken", "active", "search_providers.broken.search")


@pytest.mark.parametrize("wrong", ["None", "'ok'", "True"])
def test_outcome_that_is_none(strangers, start, wrong):
    strangers.add("notify_broken", NOTIFIER.replace('raise ValueError("cannot send")', f"return {wrong}"))
    site = start()
    ready = Ready(site.app.plugins.notifiers["broken"], Message("test", "Subject", "Text"), Target("ada@example.org"))
    assert isinstance(ready.send(site.app), Retry)
    site.names("notify_broken", "active", "notifiers.broken.send")


@pytest.mark.parametrize("wrong", ["None", "{}, 'text'", "b'x'"])
def test_format_that_makes_no_request_is_named(strangers, start, wrong):
    strangers.add("webhook_broken", FORMAT.replace('raise ValueError("cannot shape")', f"return {wrong}"))
    site = start()
    target = Target("https://chat.example.org", "Room", {"format": site.app.plugins.webhook_formats["broken"]})
    web = MemoryHttp(answers=[HttpAnswer(200, {}, "ok")])
    with pytest.raises(TypeError, match="webhook format broken made"):
        site.app.plugins.notifiers["webhook"].send(Message("test", "S", "T"), target, Outgoing(web, Mailbox()))
    assert web.posts == []
