"""A session that somebody planted beforehand is worth nothing after signing in."""

from __future__ import annotations

import pytest

from llmio.accounts import service
from llmio.testing.browser import COOKIE
from tests import factories as make


@pytest.fixture
def ada(db, ctx):
    user = make.user(db, "Ada")
    service.set_password_of(ctx(user), user, "correct horse battery staple")
    return user


def signed_in_with(web, ada, **more):
    fields = {"email": ada.email, "password": "correct horse battery staple", **more}
    return web.send("/sign_in", fields, expect_errors=True)


def test_the_cookie_from_before_signing_in_stays_nobody(web, new_browser, ada):
    assert web.csrf_token  # in the session that was there before
    planted = web.cookies[COOKIE]
    assert signed_in_with(web, ada).status_int == 303
    assert web.cookies[COOKIE] != planted
    assert web.get("/profile").status_int == 200
    thief = new_browser()
    thief.set_cookie(COOKIE, planted.strip('"'))
    assert "/sign_in" in thief.get("/profile", status=303).location
