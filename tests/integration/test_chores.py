"""Chores by the clock: the list of blocked domains, identities nobody took up."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from llmio.accounts.models import OmniauthIdentity
from llmio.core.errors import Unavailable
from llmio.core.jobs import GiveUp
from llmio.integrations.http import GuardedHttp
from llmio.upkeep.service import domains

HOSTS = """# Title: a list
127.0.0.1 localhost
127.0.0.1 localhost.localdomain
::1 localhost
0.0.0.0 Bad.Example
0.0.0.0 worse.example # for its ads
0.0.0.0 0.0.0.0
 garbage line
"""


@pytest.fixture(scope="module")
def server():
    """A web server of one page; `server.page` is (status, text)."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, page = self.server.page
            self.send_response(status)
            self.end_headers()
            self.wfile.write(page.encode())

        def log_message(self, *_args):
            pass

    made = HTTPServer(("127.0.0.1", 0), Handler)
    made.page = (200, HOSTS)
    made.url = f"http://127.0.0.1:{made.server_port}/hosts"
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture
def refresh(app, db, server, monkeypatch):
    """`refresh()`: the monthly job; the names held afterwards."""
    server.page = (200, HOSTS)
    monkeypatch.setitem(app.settings.values, "accounts.blocked_domains_url", server.url)
    monkeypatch.setitem(app.settings.values, "webhooks.allow_networks", ("127.0.0.1",))
    monkeypatch.setattr(app, "ports", replace(app.ports, http=GuardedHttp(app.settings)))

    def done():
        db.flush()
        app.jobs["upkeep.refresh_blocked_domains"].run(app)
        return db.scalars(text("SELECT name FROM blocked_domains ORDER BY name")).all()

    return done


def test_the_list_is_what_the_file_says(refresh, server, db):
    db.execute(text("INSERT INTO blocked_domains (name) VALUES ('old.example')"))
    assert refresh() == ["bad.example", "worse.example"]
    assert refresh() == ["bad.example", "worse.example"]
    server.page = (200, "0.0.0.0 new.example\n0.0.0.0 worse.example")
    assert refresh() == ["new.example", "worse.example"]


@pytest.mark.parametrize(
    ("page", "error"), [((503, "later"), Unavailable), ((404, ""), Unavailable), ((200, "<html>no</html>"), GiveUp)]
)
def test_a_bad_answer_leaves_the_list_as_it_is(refresh, server, db, page, error):
    refresh()
    server.page = page
    with pytest.raises(error):
        refresh()
    assert len(db.scalars(text("SELECT name FROM blocked_domains")).all()) == 2


def test_an_address_that_does_not_answer_is_tried_again(app, refresh, monkeypatch):
    monkeypatch.setitem(app.settings.values, "accounts.blocked_domains_url", "http://127.0.0.1:9/hosts")
    with pytest.raises(Unavailable):
        refresh()


def test_an_address_in_the_operators_network_is_not_asked_unless_it_is_opened(app, refresh, server, monkeypatch):
    monkeypatch.setitem(app.settings.values, "webhooks.allow_networks", ())
    monkeypatch.setattr(app, "ports", replace(app.ports, http=GuardedHttp(app.settings)))
    with pytest.raises(Unavailable, match="private network"):
        refresh()


def test_without_an_address_nothing_is_fetched(app, refresh, monkeypatch):
    monkeypatch.setitem(app.settings.values, "accounts.blocked_domains_url", "")
    assert refresh() == []


@pytest.mark.parametrize(
    ("email", "comes_in"),
    [("eve@bad.example", False), ("eve@mail.BAD.example", False), ("eve@notbad.example", True), ("a@example", True)],
)
def test_nobody_signs_up_from_a_blocked_domain(web, refresh, run_jobs, mailbox, db, email, comes_in):
    refresh()
    web.send("/sign_up", {"name": "Eve", "email": email, "legal": "1", "legal_accepted": "1"}, expect_errors=True)
    run_jobs()
    assert bool(mailbox.to(email.lower())) is comes_in


@given(st.lists(st.text(max_size=40), max_size=20))
def test_any_text_can_be_read_as_hosts(lines):
    for name in domains.domains_in(lines):
        assert "." in name
        assert name == name.lower().strip()


def test_identities_that_nobody_took_up_go_after_a_week(app, db, clock, make):
    ada = make.user()
    for uid, user_id, days in (("old", None, 8), ("young", None, 6), ("taken", ada.id, 400)):
        at = clock.now() - timedelta(days=days)
        db.add(OmniauthIdentity(uid=uid, user_id=user_id, identity_type="oauth", created_at=at))
    db.flush()
    for _twice in range(2):
        with app.begin() as ctx:
            app.jobs["accounts.sweep"].run(ctx)
        assert db.scalars(select(OmniauthIdentity.uid).order_by(OmniauthIdentity.id)).all() == ["young", "taken"]
