"""No redirect leads where a request says, unless that is a path of this site."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmio.accounts import service
from llmio.core.urls import safe_path
from tests import factories as make
from tests.corpora.redirects import ELSEWHERE, ON_THE_SITE

HERE = "localhost"
PASSWORD = "correct horse battery staple"
PIECES = ("/", "\\", "//", ":", "@", ".", "?", "#", "%2f", "%5c", "%09", "\t", "\n", "\r", "\0", " ", "\u00a0", "\u2028", "。", "\ufeff", "[", "]",
          "http:", "https:", "javascript:", "data:", "localhost", "evil.example", "x", "..", ";")  # fmt: skip
targets = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=12).map("".join))


def leaves(target: str) -> bool:
    """Whether a browser that is led there leaves the site (https://url.spec.whatwg.org/#concept-basic-url-parser)."""
    seen = re.sub(r"[\t\n\r]", "", target.strip("".join(map(chr, range(33))))).replace("\\", "/")
    return seen.startswith("//") or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", seen) is not None


@settings(max_examples=500, deadline=None)
@given(targets)
def test_what_counts_as_a_path_of_the_site_does_not_leave_it(target):
    path = safe_path(target)
    assert path is None or (path == target and path.startswith("/") and not leaves(path))
    assert path is None or not re.search(r"[\x00-\x1f]", path)


@pytest.mark.parametrize("target", ELSEWHERE)
def test_what_leads_away_is_no_path_of_the_site(target):
    assert safe_path(target) is None


def test_ordinary_paths_are():
    assert safe_path("/d/abc123/a-title?page=2#comment-3") == "/d/abc123/a-title?page=2#comment-3"


@pytest.fixture
def ada(db, ctx):
    user = make.user(db, "Ada")
    service.set_password_of(ctx(user), user, PASSWORD)
    return user


@pytest.fixture
def doors(db, new_browser, ada):
    """Every door that leads where the request says: name → what leads there."""
    group = make.group(db, admin=ada)
    poll = make.poll(db, group=group, author=ada, voters=[ada])
    thread = make.discussion(db, group, author=ada)
    db.flush()
    signed_in = new_browser().sign_in(ada)
    nobody = new_browser()

    def by_password(target):
        return new_browser().send(
            "/sign_in", {"email": ada.email, "password": PASSWORD, "next": target}, expect_errors=True
        )

    return {
        "sign_in": by_password,
        "sign_in, signed in": lambda target: signed_in.get("/sign_in", {"next": target}, expect_errors=True),
        "sign_up, signed in": lambda target: signed_in.get("/sign_up", {"next": target}, expect_errors=True),
        "welcome": lambda target: signed_in.send("/welcome", {"name": "Ada", "next": target}, expect_errors=True),
        "asked to sign in": lambda target: nobody.get("/dashboard", {"x": target}, expect_errors=True),
        "path": lambda target: nobody.get(f"/{target.encode('ascii', 'ignore').decode()}", expect_errors=True),
        "reaction": lambda target: signed_in.send(
            f"/reactions/poll/{poll.id}", {"reaction": "👍"}, headers={"Referer": header(target)}, expect_errors=True
        ),
        "dismiss": lambda target: signed_in.send(f"/d/{thread.key}/dismiss", {"back": target}, expect_errors=True),
        "vote": lambda target: signed_in.send(
            f"/p/{poll.key}/vote",
            {"return_to": target, "option": make.options_of(db, poll)["agree"].id},
            expect_errors=True,
        ),
    }


def header(text: str) -> str:
    """What of a text can stand in a header."""
    return re.sub(r"[^\t\x20-\x7e]", "", text)


NAMES = (
    "sign_in",
    "sign_in, signed in",
    "sign_up, signed in",
    "welcome",
    "asked to sign in",
    "path",
    "reaction",
    "dismiss",
    "vote",
)


@pytest.mark.parametrize("door", NAMES)
def test_no_door_leads_away(doors, with_settings, door):
    """Each door is given every third target, and each target to three doors: all ask `safe_path`, which is given them all above."""
    with_settings(limits__on=False)
    led = 0
    for target in (*ELSEWHERE, *ON_THE_SITE, "http://[", "//[")[NAMES.index(door) % 3 :: 3]:
        answer = doors[door](target)
        assert answer.status_int < 500, target
        if "Location" in answer.headers:
            led += 1
            place = answer.headers["Location"]
            assert not re.search(r"[\x00-\x20\x7f-\xff\\]", place), target
            assert urlsplit(place).netloc in ("", HERE), target
            assert not leaves(place) or place.startswith(f"http://{HERE}/"), target
    assert led or door == "path"


def test_messages_that_nobody_reads_do_not_fill_the_cookie(db, sign_in):
    ada = make.user(db)
    thread = make.discussion(db, make.group(db, admin=ada))
    web = sign_in(ada)
    for _turn in range(60):
        web.send(f"/d/{thread.key}/dismiss", status=303)
    assert 2000 < len(web.cookies["llmio_session"]) < 4096
    assert "Put aside until something new is said." in web.get("/dashboard").text


def test_a_place_too_long_for_the_cookie_is_forgotten_and_signing_in_goes_on(db, web):
    make.user(db, email="ada@example.org")
    web.send("/sign_in", {"email": "ada@example.org", "next": "/" + "☃" * 1900}, status=303)
    assert "ada@example.org" in web.get("/login_code", status=200).text


@pytest.mark.parametrize(
    "path",
    ["//evil.example/", "/%5cevil.example/", "/%09/evil.example/", "/%0d%0aX-Y:%20z/", "///", "/nowhere/", "/x//"],
)
def test_an_address_that_ends_in_a_stroke_leads_to_itself_without_it(web, path):
    answer = web.get(f"http://{HERE}{path}", expect_errors=True)
    assert answer.status_int == 404 or not leaves(urlsplit(answer.location)._replace(scheme="", netloc="").geturl())
    assert answer.status_int == 404 or urlsplit(answer.location).netloc in ("", HERE, f"{HERE}:80")
    assert "X-Y" not in answer.headers
    assert web.get("/nowhere/?a=b", status=301).location.endswith("/nowhere?a=b")
    assert web.post("/nowhere/", status="4*").status_int in (400, 404)
