"""The demo is made by the same acts that people use."""

from __future__ import annotations

from sqlalchemy import func, select

from llmio import demo
from llmio.core.outbox import Outbox
from llmio.discussions.models import Comment
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


def test_the_demo_is_worth_a_look(app, db, web):
    from llmio.accounts.models import User

    demo.load(app)
    web.sign_in(db.scalars(select(User).where(User.username == "amina")).first() or db.scalars(select(User)).first())
    assert "Sunrise Bakery Cooperative" in web.get("/dashboard").text
    page = web.get("/sunrise").text
    assert "The deck oven is 31 years old" in page
    assert "Which breads should come back" in page
