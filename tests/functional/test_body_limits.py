"""A form or JSON that is longer than any text may be is refused before it is taken apart."""

from __future__ import annotations

import pytest

from tests import factories as make


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "application/json"])
def test_a_form_longer_than_any_text_is_refused(db, sign_in, kind):
    web = sign_in(make.user(db))
    headers = {"X-CSRF-Token": web.csrf_token, "Content-Type": kind}
    answer = web.post("/profile", b"x=" + b"a" * 2_300_000, headers=headers, status=413)
    assert "Too large" in answer.text
    assert web.post("/profile", b"x=" + b"a" * 100_000, headers=headers, expect_errors=True).status_int != 413


def test_the_longest_text_there_may_be_is_taken(db, sign_in, app):
    ada = make.user(db)
    thread = make.discussion(db, make.group(db, admin=ada))
    words = "😀" * app.settings.number("text.max_length")
    sign_in(ada).send(f"/d/{thread.key}/comments", {"body": words, "body_format": "md"}, status=303)
