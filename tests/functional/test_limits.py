"""How often one address may send each kind of thing: by the hour and the day, said in headers, switched off by a variable."""

from __future__ import annotations

import pytest

from llmio.web import limits
from tests import factories as make

KINDS = sorted(set(limits.ROUTES.values()))


def path_of(kind):
    """A door of the kind; the record need not be there, since counting comes first."""
    routes = {
        "groups": "/g/new", "announcements": "/g/nogroup/invite", "membership_requests": "/g/nogroup/request", "memberships": "/g/nogroup/join",
        "discussions": "/d", "discussion_readers": "/d/nothread/read", "polls": "/p/new", "outcomes": "/p/nopoll/outcome", "stances": "/p/nopoll/vote",
        "profile": "/profile", "comments": "/d/nothread/comments", "reactions": "/reactions/comment/1",
    }  # fmt: skip
    return routes[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_counted(db, sign_in, with_settings, kind):
    with_settings(limits__rate_factor=2 / limits.AN_HOUR[kind])
    web = sign_in(make.user(db))
    first = web.send(path_of(kind), expect_errors=True)
    assert first.status_int != 429
    assert f'"{kind}-hour";r=1;t=' in first.headers["RateLimit"]
    assert f'"{kind}-hour";q=2;w=3600' in first.headers["RateLimit-Policy"]
    web.send(path_of(kind), expect_errors=True)
    third = web.send(path_of(kind), status=429)
    assert 0 < int(third.headers["Retry-After"]) <= 3601
    assert f'"{kind}-hour";r=0' in third.headers["RateLimit"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_is_counted_where_limits_are_off(db, sign_in, with_settings, kind):
    with_settings(limits__on=False, limits__rate_factor=1 / limits.AN_HOUR[kind])
    web = sign_in(make.user(db))
    answers = [web.send(path_of(kind), expect_errors=True) for _turn in range(3)]
    assert not [one for one in answers if one.status_int == 429 or "RateLimit" in one.headers]


def test_the_day_allows_three_times_the_hour(db, sign_in, with_settings, clock):
    with_settings(limits__rate_factor=0.01)
    web = sign_in(make.user(db))
    clock.set(clock.now().replace(hour=1, minute=0))
    for _hour in range(3):
        assert web.send("/reactions/comment/1", expect_errors=True).status_int != 429
        clock.move(hours=1)
    assert int(web.send("/reactions/comment/1", status=429).headers["Retry-After"]) > 3600


def test_reading_is_not_counted(db, sign_in, with_settings):
    with_settings(limits__rate_factor=0.01)
    web = sign_in(make.user(db))
    assert [web.get("/profile").status_int for _turn in range(3)] == [200] * 3


def test_every_counted_route_is_there(wsgi):
    while not hasattr(wsgi, "registry"):
        wsgi = wsgi.application
    names = {one["introspectable"]["name"] for one in wsgi.registry.introspector.get_category("routes")}
    assert set(limits.ROUTES) <= names
    assert set(limits.ROUTES.values()) <= set(limits.AN_HOUR)
