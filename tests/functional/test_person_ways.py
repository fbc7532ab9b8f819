"""Ways by which a person hears beside mail: set up, tested, used, ended; the plugin gone and back."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select, text

from llmio.core.ports import HttpAnswer
from llmio.notifications.deliveries import Attempt, Delivery
from llmio.notifications.models import PersonWay
from tests.sample_notifier.llmio_notify_pager import Pager

PAGE = "/email_preferences/ways/pager"
NUMBER = "+4940777888"


class Gateway(Pager):
    """With the gateway it would get from the operator's settings."""

    def send(self, message, target, out):
        return super().send(message, target.__class__("https://gateway.example.org/", target.name, target.options), out)


@pytest.fixture
def offered(app, monkeypatch):
    before = dict(app.plugins.notifiers)

    def made(pager):
        now = {**before, "pager": pager} if pager else before
        monkeypatch.setattr(app.plugins, "notifiers", now)

    made(Gateway())
    return made


@pytest.fixture
def ben(make, web, offered):
    made = make.user(name="Ben Oak", username="ben")
    web.sign_in(made)
    return made


@pytest.fixture
def group(make, ben):
    return make.group(members=[ben], admin=make.user(name="Ada King"), name="Weavers")


@pytest.fixture
def mention(make, group, ctx, run_jobs, db):
    """Mention Ben in a new thread."""
    from llmio.discussions import service as discussions
    from llmio.groups.models import Membership

    def made(words="Look, @ben, **soon**!"):
        admin = next(one.user for one in db.scalars(select(Membership)) if one.admin)
        discussions.start_discussion(ctx(admin), group, title="Buy a loom?", description=words)
        run_jobs()

    return made


def by(db, notifier):
    db.expire_all()
    return [str(one) for one in db.scalars(select(Delivery.status).where(Delivery.notifier == notifier))]


def test_it_is_offered_set_up_tested_and_ended(web, ben, db, run_jobs, http):
    assert "Short notices to your pager." in web.get("/email_preferences")
    page = web.send(PAGE, {"number": "030 123"}, status=422)
    assert "With the country" in page.html.select_one("#field-number-error").text
    assert page.html.select_one("#field-number")["value"] == "030 123"
    web.send(PAGE, {"number": ""}, status=422)
    web.send(PAGE, {"number": NUMBER}, status=303)
    assert f"Number: {NUMBER}" in web.get("/email_preferences").html.select_one("#ways").text
    web.send(f"{PAGE}/test", {}, status=303)
    assert "on its way" in web.get(f"{PAGE}/test")
    run_jobs()
    assert "It arrived" in web.get(PAGE)
    assert json.loads(http.posts[0].body)["to"] == NUMBER
    web.send(f"{PAGE}/remove", {}, status=303)
    assert db.scalars(select(PersonWay)).all() == []
    web.send(f"{PAGE}/test", {}, status=404)


def test_what_would_be_mailed_goes_there_too_and_nothing_else(web, ben, db, mention, http, mailbox, make):
    mention()
    assert http.posts == []
    web.send(PAGE, {"number": NUMBER}, status=303)
    mention()
    (post,) = http.posts
    said = json.loads(post.body)
    assert said["to"] == NUMBER
    assert "Ada King mentioned you" in said["text"]
    assert "http://localhost/d/" in said["text"]
    assert said["id"].startswith("msg_")
    assert len([one for one in mailbox.addresses() if one == ben.email]) == 2
    ben.email_when_mentioned = False
    db.flush()
    mention()
    assert len(http.posts) == 1
    assert [one.requests for one in db.scalars(select(Attempt))] == [[]]  # what is said to a person is kept nowhere


def test_a_complaint_about_mail_does_not_end_it_and_lost_rights_do(web, ben, db, mention, http, group, make):
    web.send(PAGE, {"number": NUMBER}, status=303)
    ben.complaints_count = 1
    db.flush()
    mention()
    assert (by(db, "email"), by(db, "pager")) == ([], ["delivered"])


def test_it_is_tried_again_and_a_gateway_that_refuses_does_not_touch_the_mail(
    web, ben, db, mention, http, mailbox, clock, run_jobs
):
    web.send(PAGE, {"number": NUMBER}, status=303)
    http.answers += [HttpAnswer(429, {"retry-after": "60"}, "slow"), HttpAnswer(400, {}, "no such pager")]
    mention()
    assert (by(db, "pager"), by(db, "email")) == (["pending"], ["delivered"])
    clock.move(minutes=2)
    run_jobs()
    assert by(db, "pager") == ["dead"]


def test_without_its_plugin_notices_wait(web, ben, db, mention, http, offered, ctx, app, run_jobs):
    web.send(PAGE, {"number": NUMBER}, status=303)
    offered(None)
    mention()
    assert (by(db, "pager"), by(db, "email"), http.posts) == (["parked"], ["delivered"], [])
    assert "Its plugin is missing" in web.get("/email_preferences")
    assert "nothing of what you entered is lost" in web.get(PAGE)
    web.send(PAGE, {"number": "+49111111"}, status=404)
    web.send(f"{PAGE}/test", {}, status=422)
    offered(Gateway())
    ctx(None).enqueue(app.jobs["notifications.resume_parked"])
    run_jobs()
    assert by(db, "pager") == ["delivered"]
    assert json.loads(http.posts[0].body)["to"] == NUMBER


def test_each_has_their_own_and_it_goes_with_the_account(web, ben, make, db, ctx, run_jobs):
    from llmio.upkeep.service.redact import delete_account

    web.send(PAGE, {"number": NUMBER}, status=303)
    other = make.user()
    web.sign_in(other)
    assert NUMBER not in web.get(PAGE)
    web.send(f"{PAGE}/remove", {}, status=303)
    assert db.scalars(select(PersonWay.user_id)).all() == [ben.id]
    delete_account(ctx(ben), ben)
    run_jobs()
    assert db.execute(text("SELECT count(*) FROM llmio.person_ways")).scalar() == 0


def test_where_nothing_is_installed_nothing_is_said_of_it(web, ben, offered):
    offered(None)
    assert "Beside mail" not in web.get("/email_preferences")
    web.get("/email_preferences/ways/email", status=404)
    web.get(PAGE, status=404)
