"""Tasks in texts: kept as rows, given to those they mention, ticked by those who may, reminded of in the morning."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from llmio.discussions import service
from llmio.discussions.models import Comment
from llmio.groups import service as groups
from llmio.groups.forms import GroupForm
from llmio.notifications.tasks import reminder
from llmio.plugins.polls import Ballot
from llmio.polls import service as polls
from llmio.polls.values import HideResults, OptionInput, PollInput
from llmio.tasks.models import Task, TasksUser
from llmio.tasks.service import tick


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


# -- Markdown, polls, outcomes ------------------------------------------------------------------------------------------


MARKDOWN = "To do:\n\n- [ ] @ben call the smith due:2027-03-29 remind:2\n- [x] sweep\n  - [ ] the stairs, too\n- no task\n\n> - [ ] quoted"


@pytest.fixture
def write(ctx, thread, ada):
    return lambda body, **more: service.add_comment(ctx(ada), thread, body=body, body_format="md", **more)


def test_markdown_has_tasks(write, rows, db, ben):
    write(MARKDOWN)
    first, *others = rows()
    assert (first.name, first.due_on, first.remind, first.done) == ("@ben call the smith", date(2027, 3, 29), 2, False)
    assert first.remind_at == datetime(2027, 3, 27, 5, tzinfo=UTC)
    assert [(one.uid, one.name, one.done) for one in others] == [
        (2, "sweep", True), (3, "the stairs, too", False), (4, "quoted", False),
    ]  # fmt: skip
    assert db.execute(select(TasksUser.task_id, TasksUser.user_id)).all() == [(first.id, ben.id)]


@pytest.mark.parametrize(
    ("words", "due", "remind"),
    [
        ("bake due:2027-03-29", date(2027, 3, 29), 1),
        ("bake remind:3", None, None),
        ("due:2027-02-31 bake", None, None),
        ("bake overdue:2027-03-29", None, None),
        ("bake due:2027-03-29 due:2028-01-01 remind:0", date(2027, 3, 29), 0),
    ],
)
def test_the_day_in_markdown(write, rows, words, due, remind):
    write(f"* [ ] {words}")
    (task,) = rows()
    assert ("bake" in task.name, task.due_on) == (True, due)
    if due:
        assert (task.name, task.remind) == ("bake", remind)


def test_markdown_lines_are_known_again(write, rows, ctx, ada):
    comment = write("- [ ] call the smith\n- [ ] sweep\n- [ ] bake")
    call, sweep, bake = (one.id for one in rows())
    edited = "- [ ] new\n- [ ] bake\n- [ ] call the old smith"
    service.edit_comment(ctx(ada), comment, body=edited, body_format="md")
    kept = {one.id: (one.uid, one.name, one.discarded_at is None) for one in rows()}
    assert (kept[call], kept[bake]) == ((3, "call the old smith", True), (2, "bake", True))
    assert [(uid, there) for key, (uid, name, there) in kept.items() if name == "new"] == [(1, True)]
    assert kept[sweep][2] is False
    service.edit_comment(ctx(ada), comment, body=line("bake") + line("sweep"), body_format="html")
    assert {(one.id, one.discarded_at is None) for one in rows() if one.name in ("bake", "sweep")} == {
        (bake, True), (sweep, True),
    }  # fmt: skip


def test_a_tick_in_markdown_changes_its_box_alone(write, rows, ctx, ben, ada):
    comment = write(MARKDOWN)
    tick(ctx(ben), rows()[0], done=True)
    assert comment.body == MARKDOWN.replace("[ ] @ben", "[x] @ben")
    tick(ctx(ada), rows()[3], done=True)
    tick(ctx(ada), rows()[1], done=False)
    assert comment.body == MARKDOWN.replace("[ ] @ben", "[x] @ben").replace("[x] sweep", "[ ] sweep").replace(
        "[ ] quoted", "[x] quoted"
    )
    assert [one.done for one in rows()] == [True, False, False, True]


def box(page, words):
    return page.html.find("button", {"role": "checkbox", "aria-label": words})


def press(web, page, words, **more):
    button = box(page, words)
    return web.send(button["formaction"], {"done": button["value"]}, **more)


@pytest.mark.parametrize(
    "text", ["- [ ] @ben sweep\n- [ ] bake", line("sweep", to="ben") + line("bake", due="2027-03-29")]
)
def test_a_box_in_the_text_is_clicked(web, thread, ctx, ada, ben, commit, rows, text):
    form = "md" if text.startswith("-") else "html"
    comment = service.add_comment(ctx(ada), thread, body=text, body_format=form)
    commit()
    page = web.sign_in(ben).get(f"/d/{thread.key}").follow()
    assert page.html.find("form", id="tick").find("input", {"name": "csrf_token"})
    assert (box(page, "@ben sweep")["aria-checked"], "disabled" in box(page, "bake").attrs) == ("false", True)
    assert ("Mar 29, 2027" in page) == (form == "html")
    answer = press(web, page, "@ben sweep")
    assert answer.location.endswith(f"/d/{thread.key}/comment/{comment.id}")
    page = web.get(f"/d/{thread.key}").follow()
    assert box(page, "@ben sweep")["aria-checked"] == "true"
    press(web, page, "@ben sweep")
    assert rows()[0].done is False
    web.send(f"/tasks/{rows()[1].id}/tick", {"done": "1"}, status=403)


def test_turbo_gets_the_box_alone(web, say, ben, thread, commit, rows):
    say(line("sweep", to="ben"))
    commit()
    page = web.sign_in(ben).get(f"/d/{thread.key}").follow()
    answer = press(web, page, "@ben sweep", headers={"Accept": "text/vnd.turbo-stream.html, text/html"})
    assert f'targets=".task-box-{rows()[0].id}"' in answer
    assert 'aria-checked="true"' in answer


def test_what_others_tick_meanwhile_stays(web, say, rows, ctx, ada, ben, commit, db):
    comment = say(line("sweep", uid=7, to="ben") + line("bake", uid=8, done=True))
    commit()
    forms = web.sign_in(ada).get(f"/comments/{comment.id}/edit").forms.values()
    form = next(one for one in forms if "body" in one.fields)
    tick(ctx(ben), rows()[0], done=True)
    commit()
    form["body"] = line("sweep", uid=7, to="ben") + line("bake", uid=8) + "<p>More.</p>"
    form.submit()
    assert [one.done for one in rows()] == [True, False]
    body = db.get_one(Comment, comment.id).body
    assert [one.split('"')[0] for one in body.split('data-checked="')[1:]] == ["true", "false"]


def test_polls_and_outcomes_have_tasks(web, make, ctx, thread, ada, ben, rows, commit, run_jobs, live):
    poll = polls.create_poll(
        ctx(ada), poll_type="proposal", discussion=thread,
        values=PollInput("A new oven?", details="- [ ] @ben ask the price", options=[OptionInput("Agree"), OptionInput("No")]),
    )  # fmt: skip
    outcome = polls.publish_outcome(ctx(ada), poll, statement=line("order it", to="ben"), statement_format="html")
    commit()
    run_jobs()
    assert [(one.record_type, one.record_id) for one in rows()] == [("Poll", poll.id), ("Outcome", outcome.id)]
    page = web.sign_in(ben).get("/tasks")
    assert [one.get_text(strip=True) for one in page.html.select(".row-title a")] == [
        "@ben ask the price",
        "@ben order it",
    ]
    page = page.click("order it")
    for words in ("@ben ask the price", "@ben order it"):
        press(web, page, words).follow()
    run_jobs()
    assert any("outcomes" in records for _room, records in live.messages)
    assert [one.done for one in rows()] == [True, True]
    assert poll.details == "- [x] @ben ask the price"
    assert 'data-checked="true"' in outcome.statement
    card = web.get(f"/p/{poll.key}/card", headers={"Accept": "text/vnd.turbo-stream.html"})
    assert card.text.count('aria-checked="true"') == 2
    boxes = web.get(f"/d/{thread.key}").follow().html.select('.task-box[aria-checked="true"]')
    assert sorted(one["aria-label"] for one in boxes) == ["@ben ask the price", "@ben order it", "@ben order it"]
    polls.discard_poll(ctx(ada), poll)
    commit()
    assert "Nothing to do" in web.get("/tasks")
    web.send(f"/tasks/{rows()[0].id}/tick", {"done": "1"}, status=404)


def test_a_poll_of_others_is_not_ticked(web, make, ctx, ada, ben, rows, commit):
    poll = polls.create_poll(
        ctx(ada), poll_type="proposal", group=make.group(admin=ada),
        values=PollInput("Raise?", details="- [ ] @ben know", options=[OptionInput("Agree"), OptionInput("No")]),
    )  # fmt: skip
    commit()
    web.sign_in(ben).send(f"/tasks/{rows()[0].id}/tick", {"done": "1"}, status=404)
    assert ("Nothing to do" in web.get("/tasks"), poll.details) == (True, "- [ ] @ben know")


# -- votes' reasons, descriptions of groups ------------------------------------------------------------------------------


@pytest.fixture
def decide(make, ctx, thread, ada, ben, clock):
    """`decide(**values)`: Ada's poll in the thread, and a function that casts a vote with a reason."""

    def made(**values):
        poll = polls.create_poll(
            ctx(ada), poll_type="proposal", discussion=thread,
            values=PollInput("A new oven?", options=[OptionInput("Agree"), OptionInput("No")],
                             closing_at=clock.now() + timedelta(days=3), **values),
        )  # fmt: skip

        def vote(person, reason, option="Agree", form="md", **more):
            ballot = Ballot({make.options_of(poll)[option].id: 1})
            return polls.cast_vote(ctx(person), poll, ballot=ballot, reason=reason, reason_format=form, **more)

        return poll, vote

    return made


@pytest.mark.parametrize("text", ["- [ ] @ada sweep due:2027-03-29", line("sweep", to="ada", due="2027-03-29")])
def test_the_reason_of_a_vote_has_tasks(web, decide, thread, ada, ben, rows, commit, ctx, make, text):
    poll, vote = decide()
    stance = vote(ben, text, form="md" if text.startswith("-") else "html")
    commit()
    (task,) = rows()
    assert (task.record_type, task.record_id, task.author_id, task.due_on) == (
        "Stance", stance.id, ben.id, date(2027, 3, 29),
    )  # fmt: skip
    page = web.sign_in(ada).get("/tasks").click("@ada sweep")
    press(web, page, "@ada sweep").follow()
    assert (task.done, task.doer_id, "x]" in stance.reason or '"true"' in stance.reason) == (True, ada.id, True)
    assert box(web.get(f"/d/{thread.key}").follow(), "@ada sweep")["aria-checked"] == "true"
    shown = web.sign_in(ben).get(f"/p/{poll.key}").follow()
    assert {one["aria-checked"] for one in shown.html.select(".own-vote .task-box, #votes .task-box")} == {"true"}
    card = web.get(f"/p/{poll.key}/card", headers={"Accept": "text/vnd.turbo-stream.html"})
    assert 'aria-checked="true"' in card
    web.sign_in(make.user(name="Dan")).send(f"/tasks/{task.id}/tick", {"done": ""}, status=404)


def test_the_tasks_of_a_vote_follow_it(web, decide, ada, ben, rows, commit, clock):
    poll, vote = decide()
    first = vote(ben, "- [ ] @ada sweep\n- [ ] bake")
    clock.move(hours=1)
    second = vote(ben, "- [x] @ada sweep, now", option="No")
    commit()
    assert first.id != second.id
    assert [(one.record_id, one.name, one.done, one.discarded_at is None) for one in rows()] == [
        (second.id, "@ada sweep, now", True, True), (second.id, "bake", False, False),
    ]  # fmt: skip
    web.sign_in(ben).send(f"/p/{poll.key}/uncast", {})
    commit()
    assert "Nothing to do" in web.sign_in(ada).get("/tasks")
    web.send(f"/tasks/{rows()[0].id}/tick", {"done": ""}, status=404)


def test_a_vote_that_is_hidden_hides_its_tasks(web, decide, ctx, ada, ben, rows, commit, run_jobs, mailbox, clock):
    poll, vote = decide(hide_results=HideResults.UNTIL_CLOSED)
    soon = clock.now().date().isoformat()
    vote(ben, f"- [ ] @ada sweep due:{soon} remind:0")
    commit()
    assert "Nothing to do" in web.sign_in(ada).get("/tasks")
    web.send(f"/tasks/{rows()[0].id}/tick", {"done": "1"}, status=404)
    assert reminder(ctx(ada), rows()[0].id, ada.id) is None
    assert box(web.sign_in(ben).get(f"/p/{poll.key}").follow(), "@ada sweep")
    polls.close_poll(ctx(ada), poll)
    commit()
    assert "@ada sweep" in web.sign_in(ada).get("/tasks")
    assert reminder(ctx(ada), rows()[0].id, ada.id) is not None


def test_an_anonymous_vote_has_no_tasks_that_name_the_voter(decide, ctx, ada, ben, rows, commit, web):
    _poll, vote = decide(anonymous=True)
    vote(ben, "- [ ] @ada sweep")
    commit()
    assert rows() == []
    poll, vote = decide()
    vote(ben, "- [ ] @ada sweep")
    poll.anonymous = True
    commit()
    assert "Nothing to do" in web.sign_in(ada).get("/tasks")
    polls.close_poll(ctx(ada), poll)
    assert rows() == []


def test_a_reason_that_is_changed_keeps_what_others_ticked(web, decide, ctx, ada, ben, rows, commit):
    poll, vote = decide()
    vote(ben, "- [ ] @ada sweep")
    commit()
    page = web.sign_in(ben).get(f"/p/{poll.key}").follow()
    form = next(one for one in page.forms.values() if one.action.endswith("/vote"))
    tick(ctx(ada), rows()[0], done=True)
    commit()
    form["reason"] = "- [ ] @ada sweep\n- [ ] bake"
    form.submit()
    assert [one.done for one in rows()] == [True, False]


@pytest.mark.parametrize("text", ["- [ ] @ben sweep\n- [ ] bake", line("sweep", to="ben") + line("bake")])
def test_the_description_of_a_group_has_tasks(web, thread, ada, ben, rows, commit, make, text):
    group = thread.group
    forms = web.sign_in(ada).get(f"/g/{group.key}/edit").forms.values()
    form = next(one for one in forms if "description" in one.fields)
    form["description_format"].force_value("md" if text.startswith("-") else "html")
    form["description"] = text
    form.submit().follow()
    commit()
    sweep, bake = rows()
    assert (sweep.record_type, sweep.record_id, sweep.author_id) == ("Group", group.id, ada.id)
    page = web.sign_in(ben).get("/tasks").click("@ben sweep")
    assert (box(page, "@ben sweep").get("disabled"), box(page, "bake").get("disabled")) == (None, "")
    press(web, page, "@ben sweep").follow()
    web.send(f"/tasks/{bake.id}/tick", {"done": "1"}, status=403)
    assert box(web.get(f"/g/{group.key}"), "@ben sweep")["aria-checked"] == "true"
    assert "x]" in group.description or 'data-checked="true"' in group.description
    web.sign_in(make.user(name="Dan")).send(f"/tasks/{bake.id}/tick", {"done": "1"}, status=403)


def test_a_new_group_has_its_tasks(ctx, ada, rows):
    groups.create_group(ctx(ada), GroupForm(name="Menders", description="- [ ] @ada mend"))
    assert [(one.record_type, one.name) for one in rows()] == [("Group", "@ada mend")]
