"""The demo is made by the same acts that people use."""

from __future__ import annotations

from sqlalchemy import func, select

from llmio import demo
from llmio.core.outbox import Outbox
from llmio.discussions.models import Comment
from llmio.groups.models import Group
from llmio.polls.models import Outcome, Poll, Stance


def test_the_demo_tells_a_whole_story(app, db, web, run_jobs, mailbox):
    assert demo.is_unused(app)
    people = demo.load(app)
    assert people == 12
    assert not demo.is_unused(app)
    counts = {model: db.scalar(select(func.count()).select_from(model)) for model in (Comment, Poll, Outcome)}
    assert counts == {Comment: 14, Poll: 5, Outcome: 1}
    assert db.scalar(select(func.count()).where(Stance.cast_at.is_not(None))) == 23
    run_jobs()
    assert mailbox.mails == []
    assert db.scalars(select(Outbox.last_error).where(Outbox.last_error.is_not(None))).all() == []


def test_who_sets_the_site_up_finds_the_demo_on_the_dashboard(app, db, web, data_folder, run_jobs, mailbox):
    demo.load(app)
    (data_folder / "setup-token").write_text("of-the-first-start\n")
    page = web.get("/setup/of-the-first-start")
    form = next(form for form in page.forms.values() if form.action.startswith("/setup"))
    form["name"], form["email"] = "Nora Newcomer", "nora@example.org"
    assert form.submit().location.endswith("/dashboard")
    run_jobs()
    page = web.get("/dashboard").text
    assert "Sunrise Bakery Cooperative" in page
    assert "Which breads should come back" in page
    assert page.count("Your vote is waiting") == 4
    key = db.scalars(select(Group.key).where(Group.handle == "sunrise")).one()
    assert "Nora Newcomer" in web.get(f"/g/{key}/members").text
    assert mailbox.mails == []


def test_the_demo_is_worth_a_look(app, db, web):
    from llmio.accounts.models import User

    demo.load(app)
    web.sign_in(db.scalars(select(User).where(User.username == "amina")).first() or db.scalars(select(User)).first())
    assert "Sunrise Bakery Cooperative" in web.get("/dashboard").text
    page = web.get("/sunrise").text
    assert "The deck oven is 31 years old" in page
    assert "Which breads should come back" in page
