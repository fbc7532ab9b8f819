"""Tasks in texts: kept as rows, given to those they mention, ticked by those who may, reminded of in the morning."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from llmio.discussions import service
from llmio.discussions.models import Comment, Task, TasksUser


def line(words, *, uid=None, due=None, remind=None, done=False, to=""):
    more = f' data-uid="{uid}"' if uid else ""
    more += f' data-due-on="{due}"' if due else ""
    more += f' data-remind="{remind}"' if remind is not None else ""
    mention = f'<span data-mention-id="{to}">@{to}</span> ' if to else ""
    return f'<ul data-type="taskList"><li data-type="taskItem" data-checked="{str(done).lower()}"{more}><p>{mention}{words}</p></li></ul>'


@pytest.fixture
def ada(make):
    return make.user(name="Ada", username="ada", time_zone="Europe/Berlin")


@pytest.fixture
def ben(make):
    return make.user(name="Ben", username="ben")


@pytest.fixture
def thread(make, ada, ben):
    return make.discussion(make.group(admin=ada, members=[ben], name="Bakers"), author=ada, title="The oven")


@pytest.fixture
def rows(db):
    return lambda: list(db.scalars(select(Task).order_by(Task.id)))


@pytest.fixture
def say(ctx, thread, ada):
    return lambda body: service.add_comment(ctx(ada), thread, body=body, body_format="html")


def test_a_task_is_kept_and_given_to_whom_it_mentions(say, rows, db, ben):
    comment = say("<p>So:</p>" + line("call the &amp; smith", due="2027-03-29", remind=1, to="Ben") + line("sweep"))
    first, second = rows()
    assert (first.name, first.due_on, first.remind, first.done) == (
        "@Ben call the & smith",
        date(2027, 3, 29),
        1,
        False,
    )
    assert first.remind_at == datetime(2027, 3, 28, 4, tzinfo=UTC)  # six in Berlin, on the day the clocks changed
    assert (second.name, second.due_on, second.remind_at) == ("sweep", None, None)
    assert db.execute(select(TasksUser.task_id, TasksUser.user_id)).all() == [(first.id, ben.id)]
    assert [f'data-uid="{one.uid}"' in comment.body for one in (first, second)] == [True, True]


def test_rows_follow_the_text(say, rows, ctx, ada, db):
    comment = say(line("call", uid=7, to="ben") + line("sweep", uid=8))
    call, sweep = rows()
    service.edit_comment(ctx(ada), comment, body=line("ring", uid=7, done=True), body_format="html")
    assert (call.name, call.done, call.doer_id, sweep.discarded_at is None) == ("ring", True, ada.id, False)
    assert db.scalars(select(TasksUser)).all() == []
    service.edit_comment(ctx(ada), comment, body=line("ring", uid=7) + line("sweep", uid=8), body_format="html")
    assert [one.id for one in rows()] == [call.id, sweep.id]
    assert (call.done, call.done_at, sweep.discarded_at) == (False, None, None)


@pytest.mark.parametrize(
    "more",
    [
        'data-uid="99999999999"', 'data-uid="x"', 'data-uid="-1"', 'data-due-on="2027-02-31"', 'data-due-on="0001-01-01"',
        'data-remind="9999"', 'data-remind="-1"',
    ],
)  # fmt: skip
def test_what_is_no_number_or_day_is_left_out(say, rows, more):
    say(f'<ul data-type="taskList"><li data-type="taskItem" {more}>sweep</li></ul>')
    (task,) = rows()
    assert (task.name, task.due_on, task.remind) == ("sweep", None, None)
    assert 0 < task.uid < 2**31


def test_lines_copied_with_their_number_get_another(say, rows):
    say(line("one", uid=7) + line("two", uid=7))
    first, second = rows()
    assert (first.uid, second.uid != 7) == (7, True)


def test_a_tick_on_the_page_is_in_the_text_too(web, say, rows, ben, db, commit):
    comment = say(line("call the smith", uid=7, due="2020-01-01", to="ben") + line("sweep", uid=8))
    commit()
    web.sign_in(ben)
    page = web.get("/tasks")
    assert [one.get_text(strip=True) for one in page.html.select(".row-title a")] == ["@ben call the smith"]
    assert "overdue" in page
    page = next(one for one in page.forms.values() if one.action.endswith("/tick")).submit().follow()
    assert "overdue" not in page
    task = rows()[0]
    assert (task.done, task.doer_id) == (True, ben.id)
    body = db.get_one(Comment, comment.id).body
    assert body.count('data-checked="true"') == 1
    assert 'data-checked="true"' in next(one for one in body.split("<li") if 'data-uid="7"' in one)
    next(one for one in page.forms.values() if one.action.endswith("/tick")).submit()
    db.refresh(task)
    assert (task.done, task.done_at, task.doer_id) == (False, None, None)


def test_the_text_of_a_thread_has_tasks_too(web, ctx, thread, ada, ben, commit):
    service.edit_discussion(
        ctx(ada), thread, title=thread.title, private=True, description_format="html",
        description=line("sweep", uid=7, to="ben"),
    )  # fmt: skip
    commit()
    page = web.sign_in(ben).get("/tasks")
    assert page.click("sweep").html.h1.get_text(strip=True) == "The oven"
    next(one for one in page.forms.values() if one.action.endswith("/tick")).submit()
    assert 'data-checked="true"' in thread.description


def test_who_may_not_does_not(web, make, say, rows, ben, thread, commit):
    say(line("call", uid=7, to="ben") + line("sweep", uid=8))
    commit()
    given, other = rows()
    member = make.user(name="Cleo")
    make.membership(thread.group, member)
    web.sign_in(member).send(f"/tasks/{given.id}/tick", {"done": "1"}, status=403)
    web.sign_in(make.user(name="Dan")).send(f"/tasks/{given.id}/tick", {"done": "1"}, status=404)
    web.sign_in(ben).send(f"/tasks/{other.id}/tick", {"done": "1"}, status=403)
    web.send("/tasks/999999999999/tick", {"done": "1"}, status=404)
    assert [one.done for one in rows()] == [False, False]


def test_what_one_does_not_see_any_more_is_not_listed(web, make, say, ben, thread, ctx, ada, commit):
    assert "Nothing to do" in web.sign_in(ben).get("/tasks")
    service.discard_comment(ctx(ada), say(line("call", to="ben")))
    say(line("sweep", to="ben"))
    commit()
    page = web.get("/tasks")
    assert ("sweep" in page, "call" in page) == (True, False)
    service.discard_discussion(ctx(ada), thread)
    commit()
    assert "Nothing to do" in web.get("/tasks")


def test_queries_do_not_grow_with_tasks(web, say, ben, queries, commit):
    say(line("first", to="ben"))
    commit()
    web.sign_in(ben).get("/tasks")
    with queries() as one:
        web.get("/tasks")
    say("".join(line(f"task {number}", to="ben") for number in range(30)))
    commit()
    with queries() as many:
        web.get("/tasks")
    assert many.count == one.count, str(many)
