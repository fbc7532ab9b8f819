"""A poll whose plugin is gone or breaks: what was voted is still shown, nothing can be cast, the site goes on."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import pytest
from sqlalchemy import select

from llmio.plugins.polls import Ballot, BallotError
from llmio.polls import cards, queries, service
from llmio.polls.models import PollOption


@pytest.fixture
def voted(ctx, start, ada, ben, group, db):
    """A score poll in which Ben gave 4 and 1."""
    poll = start(ada, "score", ("Hall", "Park"), group=group)
    hall, park = db.scalars(select(PollOption).where(PollOption.poll_id == poll.id).order_by(PollOption.priority))
    service.cast_vote(ctx(ben), queries.get(ctx(), poll.id), ballot=Ballot({hall.id: 4, park.id: 1}), reason="Roof.")
    return poll


@pytest.fixture
def without(app, monkeypatch):
    """`without("score")`: the registries as they are when that type is not installed."""

    def gone(*keys, methods=()):
        plugins = app.plugins
        kinds = {key: kind for key, kind in plugins.poll_types.items() if key not in keys}
        counted = {key: method for key, method in plugins.methods.items() if key not in methods}
        monkeypatch.setattr(plugins, "poll_types", MappingProxyType(kinds))
        monkeypatch.setattr(plugins, "methods", MappingProxyType(counted))

    return gone


@pytest.mark.parametrize("methods", [(), ("score_sum",)])
def test_stored_results_are_shown_and_no_vote_is_taken(sign_in, voted, ada, without, methods):
    without("score", methods=methods)
    web = sign_in(ada)
    page = web.get(cards.path_of(voted))
    assert "not installed or switched off" in page
    cells = [row.find("td").text for row in page.html.find("table", class_="chart").find("tbody").find_all("tr")]
    assert cells[:2] == ["4", "1"]
    assert "Roof." in page
    answer = web.send(f"/p/{voted.key}/vote", {"score_1": 1}, status=422)
    assert "not installed or switched off" in answer or "no longer part" in answer


def test_an_absent_method_leaves_the_sums(sign_in, voted, ada, without):
    without(methods=("score_sum",))
    page = sign_in(ada).get(cards.path_of(voted))
    cells = [row.find("td").text for row in page.html.find("table", class_="chart").find("tbody").find_all("tr")]
    assert cells[:2] == ["4", "1"]


def test_a_kind_that_is_absent_is_not_offered_and_cannot_be_started(sign_in, ada, group, without):
    without("score")
    web = sign_in(ada)
    assert "poll_type=score" not in web.get("/p/new")
    assert "poll_type=score" not in web.get(f"/p/new?group_id={group.id}&poll_type=score")
    web.send("/p/new", {"poll_type": "score", "title": "x"}, status=422)


def test_a_poll_of_an_absent_kind_still_closes_and_is_exported(sign_in, ctx, voted, ada, without):
    without("score", methods=("score_sum",))
    service.close_poll(ctx(ada), queries.get(ctx(), voted.id))
    assert "Roof." in sign_in(ada).get(f"/p/{voted.key}/export.csv")


@pytest.mark.parametrize("part", ["check", "tally", "read", "ballot_template", "color"])
def test_a_type_that_breaks_takes_nothing_else_down(sign_in, app, voted, ada, monkeypatch, part, db):
    kind = app.plugins.poll_types["score"]
    monkeypatch.setattr(app.plugins, "strict", False)

    def broken(*_given):
        raise RuntimeError("oh")

    monkeypatch.setattr(
        kind, part, "llmio_poll_score:templates/none.jinja2" if part == "ballot_template" else broken, raising=False
    )
    web = sign_in(ada)
    web.get("/dashboard", status=200)
    web.get(f"/g/{voted.group.key}", status=200)
    page = web.get(cards.path_of(voted), status=200)
    assert voted.title in page
    option = db.scalars(select(PollOption).where(PollOption.poll_id == voted.id)).first()
    answer = web.send(f"/p/{voted.key}/vote", {f"score_{option.id}": 3}, status="*")
    assert answer.status_int in (303, 422)
    if part in ("check", "read"):
        assert answer.status_int == 422
        assert "does not work at the moment" in answer
    assert any(failure.plugin == "poll_score" for failure in app.plugins.failures.all())


def test_a_refusal_is_no_failure_of_the_plugin(sign_in, app, voted, ada):
    before = len(app.plugins.failures.all())
    sign_in(ada).send(f"/p/{voted.key}/vote", {}, status=422)
    assert len(app.plugins.failures.all()) == before


def test_unknown_types_refuse_ballots_by_themselves(app, voted):
    from llmio.plugins.polls import UnknownType
    from llmio.polls.values import poll_value

    value = replace(poll_value(app, voted), settings={})
    with pytest.raises(BallotError):
        UnknownType("gone").check(Ballot({}), value)
