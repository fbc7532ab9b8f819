"""Mails to people about their accounts and tasks, and mails that people write to each other through the site."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from llmio.accounts import service as accounts
from llmio.tasks.models import Task, TasksUser
from llmio.upkeep.service import destroy
from llmio.worker import schedule
from tests import factories as make


@pytest.fixture
def ben(db):
    return make.user(db, "Ben", email="ben@example.org", username="ben")


def kinds(mailbox, address="ben@example.org"):
    return [mail.kind for mail in mailbox.to(address)]


# -- closed and opened -------------------------------------------------------------------------------------------------


def test_who_closes_an_account_is_told_how_to_open_it_again(web, ben, mailbox, run_jobs, clock, new_browser):
    web.sign_in(ben)
    web.send("/profile/deactivate", {"confirm": "1", "sure": "1"})
    assert ben.deactivated_at is not None
    clock.move(minutes=2)
    run_jobs()
    mail = mailbox.last("ben@example.org")
    assert (mail.kind, mail.subject) == ("user_deactivated", "Your account on llmio is closed")
    assert "that opens it again" in mail.text
    assert "/sign_in" in mail.text
    browser = new_browser()
    browser.send("/sign_in", {"email": "ben@example.org", "way": "mail"})
    run_jobs()
    link = next(word for word in mailbox.last("ben@example.org").text.split() if "/login_tokens/" in word)
    browser.send(link.split("//localhost", 1)[1])
    run_jobs()
    assert ben.deactivated_at is None
    assert kinds(mailbox)[-1] == "user_reactivated"
    assert "open again" in mailbox.last("ben@example.org").subject


def test_who_is_closed_by_an_administrator_is_not_led_back(db, ctx, ben, commit, mailbox, run_jobs, clock):
    admin = make.admin_of_site(db)
    accounts.deactivate(ctx(admin), ben)
    commit()
    clock.move(minutes=2)
    run_jobs()
    mail = mailbox.last("ben@example.org")
    assert "An administrator of the site closed" in mail.text
    assert "/sign_in" not in mail.text
    accounts.reactivate(ctx(admin), ben)
    commit()
    run_jobs()
    assert kinds(mailbox) == ["user_deactivated", "user_reactivated"]


def test_an_account_opened_again_at_once_is_not_told_that_it_is_closed(db, ctx, ben, commit, mailbox, run_jobs, clock):
    admin = make.admin_of_site(db)
    accounts.deactivate(ctx(admin), ben)
    accounts.reactivate(ctx(admin), ben)
    commit()
    clock.move(minutes=2)
    run_jobs()
    assert kinds(mailbox) == ["user_reactivated"]


def test_an_address_that_nobody_proved_is_told_nothing_of_what_others_do(db, ctx, commit, mailbox, run_jobs, clock):
    """Somebody may have typed a stranger's address."""
    admin = make.admin_of_site(db)
    unproved, proved = (
        make.user(db, email=f"{name}@example.org", email_verified=name == "yes") for name in ("no", "yes")
    )
    group = make.group(db, admin=unproved)
    make.membership(db, group, proved, admin=True)
    for user in (unproved, proved):
        accounts.deactivate(ctx(admin), user)
        accounts.reactivate(ctx(admin), user)
    destroy.delete_group(ctx(proved), group)
    commit()
    clock.move(minutes=2)
    run_jobs()
    assert kinds(mailbox, "yes@example.org") == ["user_reactivated", "group_destroy_warning"]
    assert kinds(mailbox, "no@example.org") == []


# -- tasks -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def task(db, ben, clock):
    clock.set(datetime(2027, 3, 1, 7, 50, tzinfo=UTC))
    ada = make.user(db, "Ada")
    group = make.group(db, admin=ada, members=[ben])
    thread = make.discussion(db, group, author=ada, title="The oven")
    made = make.add(db, Task(record_type="Discussion", record_id=thread.id, author_id=ada.id, uid=1, name="Ask the smith",
                             done=False, due_on=date(2027, 3, 2), remind=1,
                             remind_at=datetime(2027, 3, 1, 8, tzinfo=UTC)))  # fmt: skip
    make.add(db, TasksUser(task_id=made.id, user_id=ben.id))
    return made


@pytest.fixture
def tick(app, run_jobs, monkeypatch):
    """`tick()`: the schedule looks once for what is ours, and a worker does it."""
    monkeypatch.setattr(app, "schedules", [one for one in app.schedules if one.job.name.startswith("notifications.")])

    def ticked():
        schedule.step(app)
        run_jobs()

    return ticked


def test_a_task_is_remembered_once_at_its_time(task, tick, clock, mailbox):
    tick()
    assert mailbox.mails == []
    clock.set(datetime(2027, 3, 1, 8, 0, 1, tzinfo=UTC))
    tick()
    clock.set(datetime(2027, 3, 1, 8, 20, tzinfo=UTC))
    tick()
    (mail,) = mailbox.to("ben@example.org")
    assert (mail.kind, mail.subject) == ("task_due_reminder", "A task of yours is due: Ask the smith")
    assert "Due on: 2 March 2027" in mail.text
    assert "It stands in The oven." in mail.text


def test_a_task_is_remembered_after_a_downtime(task, tick, clock, mailbox):
    tick()
    clock.set(datetime(2027, 3, 1, 15, tzinfo=UTC))
    tick()
    assert kinds(mailbox) == ["task_due_reminder"]


@pytest.mark.parametrize("gone", ["done", "dropped", "thread", "member", "closed"])
def test_what_needs_no_reminder_has_none(task, tick, clock, mailbox, db, ben, gone):
    from llmio.discussions.models import Discussion
    from llmio.groups.models import Membership

    tick()
    if gone == "done":
        task.done = True
    elif gone == "dropped":
        task.discarded_at = clock.now()
    elif gone == "thread":
        db.get_one(Discussion, task.record_id).discarded_at = clock.now()
    elif gone == "member":
        db.query(Membership).filter_by(user_id=ben.id).one().revoked_at = clock.now()
    else:
        ben.deactivated_at = clock.now()
    clock.set(datetime(2027, 3, 1, 8, 0, 1, tzinfo=UTC))
    tick()
    assert mailbox.mails == []


# -- writing to each other ---------------------------------------------------------------------------------------------

MESSAGE = {"name": "Zoë", "email": "zoe@example.com", "subject": "A question", "message": "Hello\n<b>there</b>"}


@pytest.fixture
def support(app, monkeypatch):
    monkeypatch.setitem(app.settings.values, "site.support_email", "help@example.org")


def test_anybody_may_write_to_those_who_run_the_site(web, support, mailbox, run_jobs):
    assert "Write to us" in web.get("/contact").text
    assert "on its way" in web.send("/contact", MESSAGE).follow().text
    run_jobs()
    mail = mailbox.last("help@example.org")
    assert (mail.kind, mail.subject, mail.reply_to) == ("contact_message", "A question", ("Zoë", "zoe@example.com"))
    assert "> Hello\n> <b>there</b>" in mail.text
    assert "&lt;b&gt;there&lt;/b&gt;" in mail.html


@pytest.mark.parametrize(
    ("field", "typed"), [("name", ""), ("email", "nobody"), ("subject", ""), ("message", ""), ("message", "x" * 5001)]
)
def test_a_message_that_cannot_be_sent_comes_back_as_typed(web, support, mailbox, run_jobs, field, typed):
    answer = web.send("/contact", {**MESSAGE, field: typed}, expect_errors=True)
    assert answer.status_int == 422
    assert answer.html.select_one(f"#field-{field}")["aria-invalid"] == "true"
    assert "Zoë" in answer.text or field == "name"
    run_jobs()
    assert mailbox.mails == []


def test_without_an_address_of_support_there_is_no_form(web):
    assert web.get("/contact", expect_errors=True).status_int == 404
    assert web.send("/contact", MESSAGE, expect_errors=True).status_int == 404


def test_who_shares_a_group_may_write_without_knowing_the_address(web, db, ben, mailbox, run_jobs):
    ada = make.user(db, "Ada", email="ada@example.org")
    make.group(db, admin=ada, members=[ben])
    web.sign_in(ada)
    page = web.get("/u/ben")
    assert "ben@example.org" not in page.text
    web.send("/u/ben/contact", {"message": "Lunch?"})
    run_jobs()
    mail = mailbox.last("ben@example.org")
    assert (mail.kind, mail.subject, mail.reply_to) == (
        "contact_request",
        "Ada writes to you",
        ("Ada", "ada@example.org"),
    )
    assert "> Lunch?" in mail.text
    assert "Write to Ben" in page.text
    assert web.send("/u/ben/contact", {"message": " "}, expect_errors=True).status_int == 422


def test_strangers_may_not_write(web, db, ben, mailbox, run_jobs):
    web.sign_in(make.user(db, "Stranger"))
    assert "Write to Ben" not in web.get("/u/ben").text
    assert web.get("/u/ben/contact", expect_errors=True).status_int == 403
    assert web.send("/u/ben/contact", {"message": "Hi"}, expect_errors=True).status_int == 403
    run_jobs()
    assert mailbox.mails == []


# -- locked ------------------------------------------------------------------------------------------------------------


def guess(web, times, password="wrong-password"):
    for _turn in range(times):
        web.send("/sign_in", {"email": "ben@example.org", "password": password}, expect_errors=True)


def test_the_owner_of_a_locked_account_gets_one_mail_that_opens_it(
    web, ctx, ben, mailbox, run_jobs, new_browser, clock
):
    accounts.set_password_of(ctx(ben), ben, "correct horse battery staple")
    guess(web, 19)
    run_jobs()
    assert kinds(mailbox) == []
    guess(web, 11)
    run_jobs()
    assert kinds(mailbox) == ["unlock"]
    mail = mailbox.last("ben@example.org")
    assert "20 times" in mail.text
    guess(new_browser(), 1, "correct horse battery staple")
    assert ben.locked_at is not None
    link = next(word for word in mail.text.split() if "/login_tokens/" in word)
    web.send(link.removeprefix("http://localhost"), status=303)
    assert (ben.locked_at, ben.failed_attempts) == (None, 0)
    fields = {"email": "ben@example.org", "password": "correct horse battery staple"}
    assert new_browser().send("/sign_in", fields).status_int == 303


def test_no_mail_to_who_came_in_before_it_was_written(web, ctx, ben, mailbox, run_jobs, db):
    guess(web, 20)
    ben.locked_at, ben.failed_attempts = None, 0
    db.flush()
    run_jobs()
    assert kinds(mailbox) == []


def test_an_address_without_an_account_is_locked_and_mailed_never(web, mailbox, run_jobs, db):
    for _turn in range(25):
        web.send("/sign_in", {"email": "nobody@example.org", "password": "wrong-password"}, status=422)
    run_jobs()
    assert mailbox.addresses() == []
