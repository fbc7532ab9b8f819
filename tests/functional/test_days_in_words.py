"""Days on pages, in the language of whoever reads them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

DAY = date(2027, 12, 5)


@pytest.fixture
def ada(make):
    return make.user(name="Ada")


@pytest.mark.parametrize(
    ("locale", "said"), [("en", "Dec 5, 2027"), ("de", "05.12.2027"), ("fr", "5 déc. 2027"), ("xx", "Dec 5, 2027")]
)
def test_review_and_due_days(make, web, db, ada, locale, said):
    ada.selected_locale = locale
    poll = make.poll(
        discussion=make.discussion(make.group(admin=ada), author=ada),
        author=ada,
        closed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    make.outcome(poll, author=ada, review_on=DAY)
    web.sign_in(ada)
    text = '<ul data-type="taskList"><li data-type="taskItem" data-uid="1" data-due-on="2027-12-05" data-remind="0">Buy it</li></ul>'
    web.send(f"/d/{poll.discussion.key}/comments", {"body": text, "body_format": "html"}, status=303)
    thread = web.get(f"/d/{poll.discussion.key}").follow().html
    assert said in thread.find(class_="task-due").get_text()
    assert f"looked at again on {said}" in web.get(f"/p/{poll.key}").follow().text
