"""Objects of plugins that raise while the site runs: the part shows as unavailable, the culprit is named, all else goes on."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from llmio.core.errors import Unavailable
from llmio.files import storages
from llmio.integrations.models import Chatbot
from llmio.polls.models import PollOption, Stance
from llmio.search import indexing
from tests import factories
from tests.seam.distributions import GOOD, poll_type

BALLOT = (
    '{% for option in poll.options %}<input name="score_{{ option.id }}" aria-label="{{ option.name }}">{% endfor %}'
)


def poll_on(site, kind="strange", **how):
    """An open poll of a stranger's type, its admin and the ids of its options."""
    with site.app.begin() as ctx:
        ada = factories.user(ctx.db)
        group = factories.group(ctx.db, admin=ada)
        poll = factories.poll(ctx.db, group=group, author=ada, poll_type=kind, voters=[ada],
                              poll_option_name_format="plain", options=("Tea", "Coffee"), **how)  # fmt: skip
        ids = list(ctx.db.scalars(select(PollOption.id).where(PollOption.poll_id == poll.id)))
        return poll, ada, ids


def test_ballot_template_that_raises_leaves_the_page(strangers, start):
    strangers.add("poll_strange", poll_type("llmio_poll_strange"),
                  files={"templates/ballot.jinja2": "{{ poll.nothing.at.all }}"})  # fmt: skip
    site = start()
    poll, ada, _ids = poll_on(site)
    page = site.as_user(ada).get(f"/p/{poll.key}").follow()
    assert poll.title in page
    assert "cannot be shown at the moment" in page
    site.names("poll_strange", "active", "templates/ballot.jinja2", "nothing")


def test_check_that_raises_refuses_the_vote_and_loses_nothing(strangers, start):
    source = poll_type("llmio_poll_strange", check="raise ZeroDivisionError('cannot check')")
    strangers.add("poll_strange", source, files={"templates/ballot.jinja2": BALLOT})
    site = start()
    poll, ada, ids = poll_on(site)
    answer = site.as_user(ada).send(f"/p/{poll.key}/vote", {f"score_{ids[0]}": "1"}, expect_errors=True)
    assert answer.status_int in (422, 503)
    with site.app.begin() as ctx:
        assert ctx.db.scalar(select(Stance.cast_at).where(Stance.poll_id == poll.id)) is None
    site.names("poll_strange", "active", "cannot check")


@pytest.mark.parametrize("error", ["ValueError", "SystemExit"])
def test_tally_that_raises_leaves_the_page(strangers, start, error):
    source = poll_type("llmio_poll_strange").replace(
        "return Result(", f"raise {error}('cannot count')\n        return Result("
    )
    strangers.add("poll_strange", source, files={"templates/ballot.jinja2": BALLOT})
    site = start()
    poll, ada, ids = poll_on(site)
    browser = site.as_user(ada)
    browser.send(f"/p/{poll.key}/vote", {f"score_{ids[0]}": "1"}, status=303)
    page = browser.get(f"/p/{poll.key}").follow()
    assert poll.title in page
    assert "Tea" in page
    site.names("poll_strange", "active", "cannot count")


SEARCH = (
    GOOD
    + """
from llmio.plugins import SearchProvider

class Broken(SearchProvider):
    key = "broken"
    title = "Broken"

    def index(self, connection, documents):
        raise ValueError("cannot index")

    def remove(self, connection, record_type, ids):
        raise ValueError("cannot remove")

    def search(self, connection, query, filters, visible_to, *, offset=0, limit=20):
        raise ValueError("cannot search")

    def reindex(self, connection):
        raise ValueError("cannot reindex")

@hookimpl
def llmio_search_providers():
    return [Broken()]
"""
)


@pytest.mark.parametrize("fault", ['raise SystemExit("cannot search")', 'connection.exec_driver_sql("cannot search")'])
def test_search_provider_that_raises(strangers, start, fault):
    strangers.add("search_broken", SEARCH.replace('raise ValueError("cannot search")', fault))
    site = start(LLMIO_SEARCH_PROVIDER="broken")
    with site.app.begin() as ctx:
        thread = factories.discussion(ctx.db).id
    with pytest.raises(ValueError, match="cannot remove"), site.app.begin() as ctx:
        indexing.refresh(ctx, {"Discussion": [thread]})
    for path in ("/search?q=tea", "/api/v1/search?query=tea"):
        assert "Search does not work at the moment." in site.browser.get(path, status=503)
    site.names("search_broken", "active", "cannot search", "search_providers.broken.search")


STORAGE = (
    GOOD
    + """
from llmio.plugins import StorageBackend

class Broken(StorageBackend):
    key = "broken"
    title = "Broken"

    def filesystem(self, settings):
        raise ValueError("cannot open the disk")

    def path(self, key, settings):
        return key

@hookimpl
def llmio_storages():
    return [Broken()]
"""
)


@pytest.mark.parametrize("error", ["ValueError", "SystemExit"])
def test_storage_that_raises(strangers, start, error):
    import io

    strangers.add("storage_broken", STORAGE.replace("ValueError", error))
    site = start(LLMIO_STORAGE="broken", ACTIVE_STORAGE_SERVICE="broken")
    storage = storages.for_new_files(site.app)
    assert storage.backend.key == "broken"
    with pytest.raises(Unavailable):
        storage.save("a" * 28, io.BytesIO(b"x"))
    site.names("storage_broken", "active", "cannot open the disk", "storages.broken.save")


FORMAT = (
    GOOD
    + """
from llmio.plugins import WebhookFormat

class Broken(WebhookFormat):
    key = "broken"
    title = "Broken"

    def payload(self, message):
        raise ValueError("cannot shape")

@hookimpl
def llmio_webhook_formats():
    return [Broken()]
"""
)


def test_webhook_format_that_raises_is_named_and_not_its_notifier(strangers, start):
    strangers.add("webhook_broken", FORMAT)
    site = start()
    with site.app.begin() as ctx:
        ada = factories.user(ctx.db)
        group = factories.group(ctx.db, admin=ada)
        chatbot = Chatbot(group_id=group.id, author_id=ada.id, kind="webhook", webhook_kind="broken", name="Room",
                          server="https://chat.example.org/hook", event_kinds=[])  # fmt: skip
        ctx.db.add(chatbot)
        ctx.db.flush()
        chatbot_id = chatbot.id
    browser = site.as_user(ada)
    assert browser.send(f"/integrations/{chatbot_id}/test").status_int == 303
    site.app.jobs["integrations.test"].run(site.app, chatbot_id)
    assert "It did not arrive" in browser.get(f"/integrations/{chatbot_id}")
    site.names("webhook_broken", "active", "cannot shape")
    assert site.line("notify_webhook")["failures"] == []


NOTIFIER = (
    GOOD
    + """
from llmio.plugins import Notifier

class Broken(Notifier):
    key = "broken"
    title = "Broken"

    def send(self, message, target, http):
        raise ValueError("cannot send")

@hookimpl
def llmio_notifiers():
    return [Broken()]
"""
)


def test_notifier_that_raises_keeps_the_delivery(strangers, start):
    from llmio.notifications.sending import Ready
    from llmio.plugins import Message, Retry, Target

    strangers.add("notify_broken", NOTIFIER)
    site = start()
    ready = Ready(site.app.plugins.notifiers["broken"], Message("test", "Subject", "Text"), Target("ada@example.org"))
    assert isinstance(ready.send(site.app), Retry)
    site.names("notify_broken", "active", "cannot send", "notifiers.broken.send")


def test_failures_of_one_kind_are_counted_not_repeated(strangers, start, seam_engine):
    strangers.add("poll_strange", poll_type("llmio_poll_strange"))
    site = start()
    for _time in range(5):
        site.app.plugins.failures.add("poll_strange", "here", ValueError("again"), site.app.ports.clock.now())
        site.app.ports.clock.move(seconds=30)
    with seam_engine.connect() as connection:
        assert connection.execute(text("SELECT count(*), sum(count) FROM llmio.plugin_failures")).one() == (1, 5)
    (failure,) = site.line("poll_strange")["failures"]
    assert failure["count"] == 5
