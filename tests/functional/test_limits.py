"""How often one address may send each kind of thing: by the hour and the day, said in headers, switched off by a variable."""

from __future__ import annotations

import re

import pytest
from redis import Redis

from llmio.web import limits
from tests import factories as make
from tests.architecture.sources import python

pytestmark = pytest.mark.usefixtures("middle_of_an_hour")
KINDS = sorted(set(limits.ROUTES.values()))


def path_of(kind):
    """A door of the kind; the record need not be there, since counting comes first."""
    routes = {
        "groups": "/g/new", "announcements": "/g/nogroup/invite", "membership_requests": "/g/nogroup/request", "memberships": "/g/nogroup/join",
        "discussions": "/d", "discussion_readers": "/d/nothread/read", "polls": "/p/new", "outcomes": "/p/nopoll/outcome", "stances": "/p/nopoll/vote",
        "profile": "/profile", "comments": "/d/nothread/comments", "reactions": "/reactions/comment/1",
        "files": "/files", "integrations": "/integrations/1/test",
    }  # fmt: skip
    return routes[kind]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_counted(db, sign_in, with_settings, kind):
    with_settings(limits__rate_factor=2 / limits.AN_HOUR[kind][0])
    web = sign_in(make.user(db))
    first = web.send(path_of(kind), expect_errors=True)
    assert first.status_int != 429
    assert f'"{kind}-hour";r=1;t=' in first.headers["RateLimit"]
    assert f'"{kind}-hour";q=2;w=3600' in first.headers["RateLimit-Policy"]
    web.send(path_of(kind), expect_errors=True)
    third = web.send(path_of(kind), status=429)
    assert 0 < int(third.headers["Retry-After"]) <= 3601
    assert f'"{kind}-hour";r=0' in third.headers["RateLimit"]


FURTHER = {
    "groups": ("/g/nogroup/subgroups/new", "/g/nogroup/archive", "/g/nogroup/join_link"),
    "announcements": ("/discussion_readers/1/resend",),
    "memberships": ("/g/nogroup/leave", "/join/group/notoken", "/invitations/notoken"),
    "discussion_readers": ("/d/nothread/join", "/d/nothread/recall", "/discussion_readers/1/remove"),
    "polls": ("/p/nopoll/open", "/p/nopoll/stay_draft"),
    "profile": ("/profile/picture",),
}
"""Other doors to the same acts."""


def test_no_act_has_a_door_that_is_not_counted(db, sign_in, with_settings):
    with_settings(limits__rate_factor=1)
    web = sign_in(make.user(db))
    for kind, paths in FURTHER.items():
        for path in paths:
            answer = web.send(path, expect_errors=True)
            assert f'"{kind}-hour";r=' in answer.headers.get("RateLimit", ""), path


@pytest.mark.parametrize("kind", KINDS)
def test_no_kind_is_counted_where_limits_are_off(db, sign_in, with_settings, kind):
    with_settings(limits__on=False, limits__rate_factor=1 / limits.AN_HOUR[kind][0])
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


# -- doors that count for themselves ---

DOORS = {
    "sessions": (10, "/sign_in", {"email": "ada@example.org", "password": "wrong-password"}),
    "login_tokens": (10, "/sign_in", {"email": "ada@example.org"}),
    "registrations": (10, "/sign_up", {"email": "new@example.org", "name": "New"}),
    "contact_messages": (10, "/contact", {"name": "A", "email": "a@example.org", "subject": "S", "message": "M"}),
    "contact_requests": (10, "/u/ben/contact", {"message": "Hello Ben"}),
    "passwords": (20, "/profile/password", {"new_password": "x"}),
    "merges": (5, "/profile/merge", {"email": "other@example.org"}),
    "direct_uploads": (20, "/direct_uploads", {}),
}
"""Kind → how often in an hour, the door, what is sent."""


@pytest.fixture
def ada(db, sign_in):
    person, ben = make.user(db, "Ada", email="ada@example.org"), make.user(db, "Ben", username="ben")
    make.group(db, admin=person, members=[ben])
    return person


@pytest.fixture
def knock(web, ada, with_settings):
    """Send to a door, signed in where it is for people who are."""
    with_settings(site__support_email="help@example.org")

    def sent(kind):
        _most, path, fields = DOORS[kind]
        if kind in ("contact_requests", "passwords", "merges", "direct_uploads"):
            web.sign_in(ada)
        return web.send(path, fields, expect_errors=True)

    return sent


@pytest.mark.parametrize("kind", DOORS)
def test_each_door_counts_by_the_hour(knock, with_settings, clock, kind):
    most = DOORS[kind][0]
    with_settings(limits__rate_factor=1)
    first = knock(kind)
    assert first.status_int != 429
    assert f'"{kind}-hour";q={most};w=3600, "{kind}-day";q={3 * most};w=86400' in first.headers["RateLimit-Policy"]
    assert f'"{kind}-hour";r={most - 1};t=' in first.headers["RateLimit"]
    with_settings(limits__rate_factor=2 / most)
    assert knock(kind).status_int != 429
    refused = knock(kind)
    assert refused.status_int == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3601
    clock.move(hours=1, seconds=1)
    assert knock(kind).status_int != 429


@pytest.mark.parametrize("kind", DOORS)
def test_no_door_counts_where_limits_are_off(knock, with_settings, kind):
    with_settings(limits__on=False, limits__rate_factor=1 / DOORS[kind][0])
    answers = [knock(kind) for _turn in range(3)]
    assert not [one for one in answers if one.status_int == 429 or "RateLimit" in one.headers]


def test_every_limit_that_is_counted_somewhere_is_tried_here():
    counted = {
        name for path in python("llmio", "plugins") for name in re.findall(r'\.limit\("(\w+)"', path.read_text())
    }
    assert counted == set(DOORS) | {"csp_reports"}  # tests/functional/test_headers.py


def test_addresses_are_counted_each_for_itself_by_what_the_proxy_says(web, ada, with_settings):
    with_settings(limits__rate_factor=0.1)
    fields = DOORS["sessions"][2]

    def status(**headers):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.send("/sign_in", fields, headers=sent, expect_errors=True).status_int

    assert [status(X_Forwarded_For="6.6.6.6, 198.18.0.1") for _turn in range(2)] == [422, 429]
    assert status(X_Forwarded_For="7.7.7.7, 198.18.0.1") == 429, "what the client claims before is not believed"
    assert status(X_Forwarded_For="198.18.0.2") == 422
    with_settings(limits__ip_header="CF-Connecting-IP")
    assert [status(CF_Connecting_IP="2001:db8::1", X_Forwarded_For="9.9.9.9") for _turn in range(2)] == [422, 429]
    assert status(CF_Connecting_IP="2001:db8::ffff:2") == 429, "the same network of one customer"
    assert status(CF_Connecting_IP="2001:db8:0:1::2") == 422


@pytest.mark.parametrize(
    ("peer", "believed"),
    [("10.1.2.3", True), ("fd00::1", True), ("::ffff:10.1.2.3", True), ("", True), ("9.9.9.9", False), ("2600::1", False), ("::ffff:9.9.9.9", False)],
)  # fmt: skip
def test_a_header_is_believed_of_a_proxy_alone(web, ada, with_settings, peer, believed):
    with_settings(limits__rate_factor=0.1)
    headers = [{"X-Forwarded-For": f"6.6.6.{turn}", "CF-Connecting-IP": f"6.6.6.{turn}"} for turn in range(2)]
    how = {"extra_environ": {"REMOTE_ADDR": peer}, "expect_errors": True}
    seen = [web.send("/sign_in", DOORS["sessions"][2], headers=one, **how).status_int for one in headers]
    assert seen == [422, 422 if believed else 429]


def test_people_of_ipv4_are_counted_each_for_himself_by_a_server_that_listens_on_both(web, ada, with_settings):
    with_settings(limits__rate_factor=0.1)

    def status(peer):
        how = {"extra_environ": {"REMOTE_ADDR": peer}, "expect_errors": True}
        return web.send("/sign_in", DOORS["sessions"][2], **how).status_int

    assert [status(f"::ffff:9.9.9.{last}") for last in (1, 2)] == [422, 422]
    assert [status(peer) for peer in ("::ffff:9.9.9.1", "9.9.9.1")] == [429, 429]


def test_the_factor_of_time_shortens_hour_and_day(knock, with_settings, clock):
    with_settings(limits__rate_factor=0.1, limits__time_factor=0.1)
    assert [knock("sessions").status_int for _turn in range(2)] == [422, 429]
    clock.move(seconds=361)
    assert knock("sessions").status_int == 422


def test_nobody_is_refused_while_redis_is_away(app, knock, with_settings, monkeypatch):
    with_settings(limits__rate_factor=0.1)
    gone = Redis(port=1, socket_connect_timeout=0.1, retry=None)
    monkeypatch.setattr(app, "redis", gone)
    assert [knock("sessions").status_int for _turn in range(3)] == [422] * 3


def test_the_limit_of_one_kind_is_set_by_itself(knock, with_settings):
    with_settings(limits__rate_factor=100, limits__max__sessions=1)
    first, second = knock("sessions"), knock("sessions")
    assert (first.status_int, second.status_int) == (422, 429)
    assert '"sessions-hour";q=1;w=3600, "sessions-day";q=3;w=86400' in first.headers["RateLimit-Policy"]
    assert '"login_tokens-hour";q=1000;' in knock("login_tokens").headers["RateLimit-Policy"]
    with_settings(limits__max__login_tokens=0)
    assert knock("login_tokens").status_int == 429
