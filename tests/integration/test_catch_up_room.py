"""Summaries of much: as long as mail programs show them, and what found no room stays unread."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import update

from llmio.core.tables import Event
from llmio.discussions import queries as lists
from llmio.notifications.catch_up import digest
from llmio.notifications.catch_up.models import CatchUp
from tests import factories as make

SINCE, UNTIL = datetime(2027, 3, 27, 4, tzinfo=UTC), datetime(2027, 3, 28, 4, tzinfo=UTC)


@pytest.fixture
def ben(db):
    return make.user(db, "Ben", email="ben@example.org", email_catch_up_day=7)


def link_in(mail):
    return next(word for word in mail.text.split() if "//localhost/catch_up/" in word)[16:]


@pytest.fixture
def long_one(ben, db, ctx, clock, commit):
    """The summary of more threads than a mail has room for."""
    clock.set(datetime(2027, 3, 27, 16, tzinfo=UTC))
    ada = make.user(db, "Ada")
    group = make.group(db, "Weavers", admin=ada, members=[ben])
    words = "Wir haben lange überlegt & sind uns einig. " * 20
    for number in range(34):
        thread = make.discussion(db, group, author=ada, title=f"Loom {number}", description=words)
        for _more in range(3):
            make.comment(db, thread, author=ada, body=words)
        thread.created_at = thread.last_activity_at = clock.now()
    db.execute(update(Event).values(created_at=clock.now()))
    row = CatchUp(user_id=ben.id, day=date(2027, 3, 28), since=SINCE, until=UNTIL)
    db.add(row)
    commit()
    found = digest.collect(ctx(ben), row.since, row.until)
    return found, digest.compose(ctx(ben), ben, row, found)


def test_a_summary_is_as_long_as_mail_programs_show_it(long_one):
    found, mail = long_one
    assert 60_000 < len(mail.html.encode()) < 100_000
    assert found.threads == 34
    assert f"{34 - len(found.ids)} more threads wait for you." in mail.text


def test_what_found_no_room_stays_unread_however_often_the_link_is_used(long_one, ben, web, ctx, db):
    found, mail = long_one
    url = link_in(mail)
    for _twice in range(2):
        page = web.get(url)
        form = next(one for one in page.forms.values() if "/catch_up/" in one.action)
        form.submit(status=303)
    db.expire_all()
    unread = {row.id for row in lists.inbox(ctx(ben))}
    assert len(unread) == 34 - len(found.ids)
    assert not unread & set(found.ids)


@pytest.mark.parametrize("threads", ["nonsense", "1.x.-3", "999999999", "9" * 40, "."])
def test_odd_names_of_threads_in_the_link_harm_nothing(long_one, web, threads):
    _found, mail = long_one
    url = link_in(mail).split("?")[0]
    assert web.post(f"{url}?threads={threads}").status_int == 303
