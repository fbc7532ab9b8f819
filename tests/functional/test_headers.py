"""What each answer tells browsers: policies, cookies, https; and what browsers tell us of the policy."""

from __future__ import annotations

import json
import logging
import re

import pytest

from llmio import web as website
from llmio.core.declared_safety import AN_HOUR
from llmio.core.measures import KEY
from llmio.testing.browser import Browser
from llmio.web import csp_reports
from tests import factories as make

ON_ALL = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=31536000; includeSubDomains"
SSL = pytest.mark.parametrize(
    ("force", "assume", "proxy", "led", "hsts", "secure"),
    [
        (False, False, "http", False, False, False),
        (False, False, "https", False, False, True),
        (True, False, "http", True, False, None),
        (True, False, "https", False, True, True),
        (False, True, "http", False, False, True),
        (True, True, "http", False, True, True),
    ],
)


@pytest.fixture
def site_with(app, db):
    """A browser of a site made with other settings: what a cookie is, is decided when the site is made."""

    def made(**values):
        before = dict(app.settings.values)
        renewed = list(app.renewed)
        app.settings.values.update({key.replace("__", "."): value for key, value in values.items()})
        undo.append((before, renewed))
        return Browser(website.assemble(app), app, before=db.flush, after=db.expire_all)

    undo: list = []
    yield made
    for before, renewed in undo:
        app.settings.values.update(before)
        app.renewed[:] = renewed


@pytest.mark.parametrize(
    "path", ["/%ff%fe", "/g/%ff", "/d/%c3%28/x", "/static/%ff.css", "/rails/active_storage/%ff", "/up/%ff"]
)
@pytest.mark.parametrize("by", ["http", "https"])
def test_an_address_that_is_no_text_is_not_there(site_with, path, by):
    web = site_with(site__ssl=True)
    answer = web.get(path, headers={"X-Forwarded-Proto": by}, expect_errors=True)
    led = by == "http" and not path.startswith("/up")
    assert answer.status_int in ((301,) if led else (303, 404))
    assert {name: answer.headers.get(name) for name in ON_ALL} == ON_ALL


def test_who_asks_for_another_host_is_told_so_with_the_headers(web, with_settings):
    with_settings(llmio__env="production", site__host="decide.example.org")
    answer = web.get("/sign_in", headers={"Host": "evil.example"}, status=421)
    assert {name: answer.headers.get(name) for name in ON_ALL} == ON_ALL


@pytest.mark.parametrize(
    "path",
    [
        "/sign_in",
        "/dashboard",
        "/no/such/page",
        "/up",
        "/health",
        "/theme.css",
        "/robots.txt",
        "/metrics",
        "/explore",
        "/d/none",
    ],
)
def test_every_answer_has_the_headers(web, path):
    answer = web.get(path, expect_errors=True)
    assert {name: answer.headers.get(name) for name in ON_ALL} == ON_ALL
    assert "Strict-Transport-Security" not in answer.headers
    if answer.content_type == "text/html":
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store, private"


def test_the_policy_lets_only_own_scripts_run(web):
    first, second = web.get("/sign_in"), web.get("/sign_in")
    rules = {rule.split()[0]: rule.split()[1:] for rule in first.headers["Content-Security-Policy"].split(";")}
    assert rules["script-src"][0] == "'self'"
    assert re.fullmatch(r"'nonce-[\w-]{16}'", rules["script-src"][1])
    assert len(rules["script-src"]) == 2
    assert rules["style-src"] == ["'self'"]
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == ["'self'"]
    assert rules["object-src"] == ["'none'"]
    assert not [one for one in rules.values() if {"*", "'unsafe-inline'", "'unsafe-eval'", "http:"} & set(one)]
    assert rules["report-uri"] == ["/csp_reports"]
    assert first.headers["Reporting-Endpoints"] == f'{rules["report-to"][0]}="/csp_reports"'
    assert first.headers["Content-Security-Policy"] != second.headers["Content-Security-Policy"]


@SSL
def test_by_https(site_with, force, assume, proxy, led, hsts, secure):
    web = site_with(site__ssl=force, site__assume_ssl=assume)
    answer = web.get("/sign_in", headers={"X-Forwarded-Proto": proxy})
    assert (answer.status_int == 301) is led
    assert (answer.headers.get("Strict-Transport-Security") == HSTS) is hsts
    if secure is not None:
        flags = answer.headers["Set-Cookie"].lower()
        assert ("; secure" in flags) is secure
        assert "; httponly" in flags
        assert "; samesite=lax" in flags
        assert "; path=/" in flags
        assert "domain=" not in flags
    posted = web.post("/sign_in", {"email": "a@example.org"}, headers={"X-Forwarded-Proto": proxy}, expect_errors=True)
    assert (posted.status_int == 308) is led
    assert web.get("/up", headers={"X-Forwarded-Proto": "http"}).text == "ok"


def test_the_scheme_is_believed_from_a_proxy_in_the_own_network_alone(site_with):
    web = site_with(site__ssl=True)
    far = {"REMOTE_ADDR": "93.184.216.34"}
    assert web.get("/sign_in", headers={"X-Forwarded-Proto": "https"}, extra_environ=far).status_int == 301
    assert web.get("/sign_in", headers={"X-Forwarded-Proto": "http, https"}).status_int == 200
    assert web.get("/sign_in", headers={"X-Forwarded-Proto": "https, http"}).status_int == 301


def test_static_files_and_public_pictures_may_be_shown_elsewhere_and_are_what_they_say(site_with):
    web = site_with(site__ssl=True)
    secure = {"X-Forwarded-Proto": "https"}
    sheet = re.search(r'href="(/static/dist/app-[^"]+\.css)"', web.get("/sign_in", headers=secure).text)[1]
    for path in (sheet, "/email_actions/mark_notification_as_read/1/none"):
        answer = web.get(path, headers=secure)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Strict-Transport-Security"] == HSTS


def test_a_cookie_of_ours_has_all_flags_after_signing_in_too(db, web, ctx):
    from llmio.accounts import service

    ada = make.user(db)
    service.set_password_of(ctx(ada), ada, "correct horse battery staple")
    answer = web.send("/sign_in", {"email": ada.email, "password": "correct horse battery staple"}, status=303)
    cookies = [one.lower() for one in answer.headers.getall("Set-Cookie")]
    assert [one for one in cookies if "httponly" not in one or "samesite=lax" not in one] == []


# --- reports ---

OLD = {
    "csp-report": {
        "document-uri": "https://decide.example.org/login_tokens/let-me-in?x=1",
        "violated-directive": "script-src 'self'",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://cdn.example.com/evil.js?key=secret",
    }
}
NEW = [
    {
        "type": "csp-violation",
        "body": {
            "documentURL": "https://decide.example.org/d/abc",
            "effectiveDirective": "img-src",
            "blockedURL": "http://pictures.example/x.png",
        },
    },
    {"type": "deprecation", "body": {"id": "x"}},
    {"type": "csp-violation", "body": {"effectiveDirective": "script-src", "blockedURL": "chrome-extension"}},
]


@pytest.fixture
def report(web, app, caplog):
    """Send a body; what was counted, and what was logged."""
    app.redis.delete(KEY)
    csp_reports._told.clear()
    caplog.set_level(logging.WARNING)

    def sent(body, kind="application/csp-report", **how):
        caplog.clear()
        given = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = web.post("/csp_reports", given, headers={"Content-Type": kind}, expect_errors=True, **how)
        counted = re.findall(r'llmio_csp_reports_total\{directive="([\w-]+)"\} ([\d.]+)', web.get("/metrics").text)
        return answer.status_int, dict(counted), [one.getMessage() for one in caplog.records]

    return sent


def test_a_report_is_counted_and_logged_without_what_lets_one_in(report):
    status, counted, logged = report(OLD)
    assert (status, counted) == (204, {"script-src-elem": "1.0"})
    assert logged == ["a browser refused script-src-elem from https://cdn.example.com on a page below /login_tokens"]
    assert report(OLD) == (204, {"script-src-elem": "2.0"}, [])


def test_reports_of_the_newer_form_are_taken_and_those_of_extensions_left_out(report):
    status, counted, logged = report(NEW, "application/reports+json")
    assert (status, counted) == (204, {"img-src": "1.0", "other": "1.0"})
    assert "a browser refused img-src from http://pictures.example on a page below /d" in logged


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"[1]",
        b'{"csp-report": 1}',
        b"\xff\xfe",
        b"[" * 16000,
        b'{"csp-report": {"blocked-uri": {}}}',
    ],
)
def test_rubbish_breaks_nothing(report, body):
    assert report(body)[0] == 204


def test_a_line_of_the_log_cannot_be_forged(report):
    forged = {
        "csp-report": {
            "effective-directive": "x\nERROR forged",
            "blocked-uri": "http://a\nERROR b/",
            "document-uri": "http://h/\u001b[31m\nERROR",
        }
    }
    _status, counted, logged = report(forged)
    assert counted == {"other": "1.0"}
    assert not [line for line in logged if "\n" in line or "\x1b" in line]


def test_a_huge_report_is_refused_and_many_are_too(report, with_settings, middle_of_an_hour):
    assert report(b"x" * 20_000)[0] == 413
    with_settings(limits__rate_factor=2 / AN_HOUR["csp_reports"][0])
    statuses = [report(OLD)[0] for _turn in range(4)]
    assert 429 in statuses
    assert report(OLD)[1] == report(OLD)[1]
