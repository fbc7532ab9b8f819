"""Deleting an account: what says who the person was is gone, what was said stays."""

from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import inspect, select, text

from llmio.accounts.models import LoginToken, OmniauthIdentity, User
from llmio.core.errors import NotAllowed
from llmio.core.tables import Version
from llmio.groups.models import Membership
from llmio.notifications.models import Notification
from llmio.upkeep.service import redact


@pytest.fixture
def ada(make, db):
    ada = make.user(
        name="Ada Lovelace",
        email="Ada@example.org",
        username="ada",
        short_bio="Counts.",
        location="London",
        api_key="k-ada",
        country="GB",
    )
    db.add(OmniauthIdentity(user_id=ada.id, email=ada.email, identity_type="google", uid="1"))
    db.add(LoginToken(user_id=ada.id, token="t-ada", code=123456))
    db.add(Version(item_type="User", item_id=ada.id, event="update", object_changes={"name": ["Ada", "Ada Lovelace"]}))
    db.flush()
    return ada


@pytest.fixture
def thread(make, ada):
    ben = make.user(name="Ben")
    group = make.group(admin=ben, members=[ada])
    thread = make.discussion(group, author=ben)
    make.comment(thread, author=ada, body="Let us count.")
    return thread


def personal(db, user_id):
    """Every value of every table that says who somebody is, as text."""
    rows = db.execute(text("SELECT to_jsonb(u)::text FROM users u WHERE id = :id"), {"id": user_id}).scalars().all()
    rows += db.execute(text("SELECT to_jsonb(n)::text FROM notifications n")).scalars().all()
    rows += db.execute(text("SELECT to_jsonb(n)::text FROM versions n WHERE item_type = 'User'")).scalars().all()
    rows += db.execute(text("SELECT to_jsonb(n)::text FROM omniauth_identities n")).scalars().all()
    rows += db.execute(text("SELECT to_jsonb(n)::text FROM llmio.sign_ins n")).scalars().all()
    return " ".join(rows).lower()


def test_a_person_deletes_the_account_and_what_they_said_stays(web, ada, thread, db, run_jobs, mailbox, make):
    ben = db.scalars(select(User).where(User.name == "Ben")).one()
    db.add(Notification(user_id=ben.id, actor_id=ada.id, translation_values={"name": "Ada Lovelace", "title": "x"}))
    web.sign_in(ada)
    page = web.get("/profile").click("Delete my account")
    form = next(one for one in page.forms.values() if "sure" in one.fields)
    form["sure"] = True
    form.submit().follow()
    run_jobs()
    db.expire_all()
    assert ada.email_sha256 == hashlib.sha256(b"ada@example.org").hexdigest()
    assert "ada" not in personal(db, ada.id)
    assert ada.deactivated_at is not None
    assert not db.scalars(select(Membership).where(Membership.user_id == ada.id, Membership.revoked_at.is_(None))).all()
    assert mailbox.addresses() == ["Ada@example.org"]
    assert "deleted" in mailbox.last().subject
    web.sign_in(ben)
    page = web.get(f"/d/{thread.key}").maybe_follow()
    assert "Let us count." in page
    assert "Deleted account" in page
    assert "Lovelace" not in page
    assert "None<" not in page
    assert web.get("/notifications").status_int == 200


def test_without_the_tick_nothing_happens(web, ada, run_jobs, db):
    web.sign_in(ada)
    page = web.send("/profile/delete", {}, status=422)
    assert "Please tick this" in page
    run_jobs()
    db.expire_all()
    assert (ada.name, ada.deactivated_at) == ("Ada Lovelace", None)


def test_running_the_job_twice_changes_nothing_more(app, ada, thread, db, run_jobs):
    with app.begin() as ctx:
        app.jobs["upkeep.redact_user"].run(ctx, ada.id, None)
    db.expire_all()
    before = {one.key: getattr(ada, one.key) for one in inspect(User).column_attrs}
    with app.begin() as ctx:
        app.jobs["upkeep.redact_user"].run(ctx, ada.id, None)
    db.expire_all()
    assert {one.key: getattr(ada, one.key) for one in inspect(User).column_attrs} == before


def test_the_names_in_many_notices_go_batch_by_batch(app, ada, make, db, run_jobs, monkeypatch):
    ben = make.user()
    for actor in (ada, ada, ada, ben):
        db.add(Notification(user_id=ben.id, actor_id=actor.id, translation_values={"name": actor.name, "title": "x"}))
    db.flush()
    monkeypatch.setattr(redact, "BATCH", 2)
    with app.begin() as ctx:
        app.jobs["upkeep.redact_user"].run(ctx, ada.id, None)
    names = select(Notification.translation_values["name"].astext).where(Notification.actor_id == ada.id)
    assert len([one for one in db.scalars(names) if one]) == 1
    run_jobs()
    assert not [one for one in db.scalars(names) if one]
    kept = db.scalar(select(Notification.translation_values).where(Notification.actor_id == ben.id))
    assert kept == {"name": ben.name, "title": "x"}


def test_nobody_deletes_the_account_of_another(ctx, ada, make):
    with pytest.raises(NotAllowed):
        redact.delete_account(ctx(make.user()), ada)
    redact.delete_account(ctx(make.admin_of_site()), ada)


def test_the_only_administrator_of_the_site_cannot_go(web, make, run_jobs, db):
    root = make.admin_of_site()
    web.sign_in(root)
    page = web.send("/profile/delete", {"sure": "1"}, status=422)
    assert "only administrator" in page
    run_jobs()
    db.expire_all()
    assert root.email is not None


def test_the_address_can_sign_up_again_as_somebody_new(app, ctx, ada, run_jobs, db):
    from llmio.accounts import service as accounts

    redact.delete_account(ctx(ada), ada, mail=False)
    run_jobs()
    again = accounts.create_user(ctx(), email="ada@example.org", name="Ada Again")
    assert again.id != ada.id
