"""The site answers by its own names alone, and no name that a request claims gets into what is kept, mailed or shown."""

from __future__ import annotations

import pytest

from tests import factories as make

EVIL = ("evil.example", "evil.example:3000", "decide.example.org.evil.example", "xdecide.example.org", "decide.example.org@evil.example",
        "decide.example.org,evil.example", "decide.example.org/evil", "93.184.216.34", "[2606:4700::1]", "app", "10.0.0.9", "nas.local", "a b",
        "localhost.evil.example", "decide.example.org:80:90", "decide.example.org:", "decide.example.org:x", "[::1", "::1", ".", "é.example")  # fmt: skip
OWN = ("decide.example.org", "decide.example.org:443", "DECIDE.Example.ORG", "decide.example.org.", "localhost", "localhost:3000", "127.0.0.1:3000",
       "127.1.2.3", "[::1]:3000", "votes.example.org", "a.groups.example.org", "groups.example.org", "[fd00::5]")  # fmt: skip
AT_HOME = (
    "192.168.1.20:3000",
    "[fe80::1]:3000",
    "mymac:3000",
    "mymac.local:3000",
    "pi.lan",
    "box.home.arpa",
    "site.test",
    "app.localhost:3001",
)


@pytest.fixture
def production(with_settings):
    with_settings(
        llmio__env="production",
        site__host="decide.example.org",
        site__other_hosts=("votes.example.org:8080", ".groups.example.org", "FD00::5"),
    )


def asked(web, host, path="/sign_in", **headers):
    return web.get(path, headers={"Host": host, **headers}, expect_errors=True)


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("host", EVIL)
def test_another_name_is_refused(web, host):
    answer = asked(web, host)
    assert answer.status_int == 421
    assert answer.content_type == "text/plain"
    assert "decide.example.org" in answer.text
    assert "LLMIO_OTHER_HOSTS" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert asked(web, host, "/static/dist/nothing.css").status_int == 421


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("host", OWN)
def test_own_and_declared_names_are_answered(web, host):
    assert asked(web, host).status_int == 200


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize(
    "path", ["/up", "/health", "/metrics", "/api/hocuspocus", "/rails/action_mailbox/relay/inbound_emails"]
)
def test_doors_of_machines_answer_by_any_name(web, path):
    assert asked(web, "10.1.2.3:3000", path).status_int != 421


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("named", [None, ""])
def test_a_request_without_a_name_is_one_for_us(wsgi, named):
    """HTTP/1.0, as some load balancers ask; servers leave the name out, or empty."""
    from webtest import TestRequest  # only here

    request = TestRequest.blank("/sign_in", environ={"REMOTE_ADDR": "10.0.0.2", "SERVER_NAME": "evil.example"})
    del request.environ["HTTP_HOST"]
    if named is not None:
        request.environ["HTTP_HOST"] = named
    answer = request.get_response(wsgi)
    assert answer.status_int == 200
    assert "evil.example" not in answer.text


@pytest.mark.usefixtures("production")
def test_every_name_is_answered_where_the_operator_says_so(web, with_settings):
    with_settings(site__other_hosts=("*",))
    assert asked(web, "anything.example").status_int == 200
    assert asked(web, "a b").status_int == 421


@pytest.mark.parametrize("host", AT_HOME)
def test_at_home_every_name_that_the_internet_does_not_know_is_answered(web, with_settings, host):
    with_settings(llmio__env="development")
    assert asked(web, host).status_int == 200
    assert asked(web, "evil.example").status_int == 421


@pytest.mark.usefixtures("production")
def test_who_comes_by_http_and_another_name_is_led_to_our_own(web, with_settings):
    with_settings(site__ssl=True)
    assert asked(web, "www.example.org", "/d/x?y=1").location == "https://decide.example.org/d/x?y=1"
    assert asked(web, "www.example.org", **{"X-Forwarded-Proto": "https"}).status_int == 421


@pytest.mark.usefixtures("production")
def test_headers_of_proxies_name_no_other_host(db, sign_in):
    web = sign_in(make.user(db))
    names = ("X-Forwarded-Host", "X-Forwarded-Server", "X-Original-Host", "X-Host", "X-HTTP-Host-Override")
    lies = dict.fromkeys(names, "evil.example") | {
        "Forwarded": "host=evil.example",
        "X-Original-URL": "//evil.example",
    }
    answers = [web.get(path, headers=lies, expect_errors=True) for path in ("/dashboard", "/g/new", "/d/nothing", "/")]
    assert answers[0].status_int == 200
    assert [one for one in answers if "evil.example" in one.text or "evil.example" in str(one.headers)] == []


@pytest.mark.usefixtures("production")
def test_links_to_hand_on_have_the_name_of_the_site(db, sign_in, run_jobs, mailbox):
    """The browser of these tests comes to localhost:80, which is answered, too."""
    ada = make.user(db)
    group = make.group(db, admin=ada)
    group.token = "joinhere"  # of a test
    web = sign_in(ada)
    page = web.get(f"/g/{group.key}/invite")
    assert "http://decide.example.org/join/" in page.text
    pages = [page, web.get("/g/new"), web.get("/x/webhook_json/schemas/"), web.get(f"/g/{group.key}")]
    assert [one.request.path for one in pages if "localhost" in one.text] == []
    web.send(f"/g/{group.key}/invite", {"emails": "new@example.org", "message": "Come"}, status=303)
    run_jobs()
    assert "http://decide.example.org/" in str(mailbox.last("new@example.org"))
    assert "//localhost" not in str(mailbox.last("new@example.org"))


@pytest.mark.usefixtures("production")
def test_sign_in_mails_have_the_name_of_the_site(db, web, run_jobs, mailbox):
    make.user(db, email="ada@example.org")
    web.send("/sign_in", {"email": "ada@example.org", "next": "/dashboard"}, status=303)
    run_jobs()
    assert "http://decide.example.org/login_tokens/" in str(mailbox.last("ada@example.org"))
    assert "//localhost" not in str(mailbox.last("ada@example.org"))
