"""A page that is open while its poll opens or closes: the ballot comes and goes without loading it anew."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from llmio.worker import schedule

STREAM = {"Accept": "text/vnd.turbo-stream.html, text/html"}


@pytest.fixture
def planned(start, ctx, ada, group):
    opens = ctx().now + timedelta(days=1)
    return start(ada, group=group, closing_at=opens + timedelta(days=3), opening_at=opens)


@pytest.fixture
def tick(app, db, run_jobs, live, monkeypatch):
    """`tick()`: the schedule of polls looks once, a worker does what it asked for; gives the rooms that hear of a poll."""
    monkeypatch.setattr(app, "schedules", [one for one in app.schedules if one.job.name.startswith("polls.")])

    def ticked():
        db.flush()
        live.messages.clear()
        schedule.step(app)
        run_jobs()
        db.expire_all()
        return {room for room, records in live.messages if records.get("polls")}

    return ticked


class Open:
    """A page in front of somebody: its stream is asked for as the script does, and put into it."""

    def __init__(self, web, poll):
        self.web, self.page = web, web.get(f"/p/{poll.key}").follow().html

    def refresh(self):
        """Ask for the stream; the ids that it changes."""
        answer = self.web.get(
            self.page.select_one("[data-refresh-url-value]")["data-refresh-url-value"], headers=STREAM
        )
        changed = set()
        for stream in BeautifulSoup(answer.text, "html.parser").select("turbo-stream"):
            target = self.page.find(id=stream["target"])
            if target is None:  # as Turbo has it
                continue
            changed.add(stream["target"].rpartition("-")[2])
            parts = BeautifulSoup(stream.template.decode_contents(), "html.parser").contents
            if stream["action"] == "replace":
                target.replace_with(*parts)
            else:
                target.clear()
                target.extend(list(parts))
        return changed

    @property
    def ballot(self):
        """The form to vote with."""
        return self.page.select_one(".poll-vote form.ballot, .poll-vote form[action$='/vote']")

    def says(self, words):
        """Whether words stand on it."""
        return words in self.page.select_one("main").get_text(" ", strip=True)


def test_the_ballot_comes_when_the_poll_opens_and_stays_as_it_is(planned, tick, sign_in, ben, clock, group):
    page = Open(sign_in(ben), planned)
    assert page.says("Votes can be cast from")
    assert page.ballot is None
    clock.move(days=1, minutes=1)
    assert f"group-{group.id}" in tick()
    page.web = sign_in(ben)
    assert {"vote", "live", "acts", "status"} <= page.refresh()
    assert page.ballot
    assert page.says("Results so far")
    assert page.refresh() == {"status", "results"}  # what one has begun to fill in stays


def test_the_ballot_goes_when_the_poll_closes(planned, tick, sign_in, ada, clock, group):
    clock.move(days=1, minutes=1)
    tick()
    page = Open(sign_in(ada), planned)
    assert page.ballot
    assert page.page.find(string=lambda text: text and "Close now" in text)
    clock.move(days=4)
    assert f"group-{group.id}" in tick()
    page.web = sign_in(ada)
    assert {"vote", "live", "acts"} <= page.refresh()
    assert page.ballot is None
    assert not page.says("Results so far")
    assert not page.page.find(string=lambda text: text and "Close now" in text)
    assert page.page.find(string=lambda text: text and "Open it again" in text)
