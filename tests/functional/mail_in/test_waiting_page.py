"""The page on which an admin of a group lets waiting mail in, blocks senders or deletes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from llmio.discussions.models import Discussion
from llmio.files.models import Attachment
from llmio.groups.models import MemberEmailAlias, Membership
from llmio.mail.incoming import waiting
from llmio.mail.incoming.models import IncomingMail
from llmio.mail.models import ReceivedEmail
from llmio.testing.browser import Browser
from tests import factories

GROUP = "kitchen@reply.example.net"


@pytest.fixture
def stranger(post, letter, scene, db):
    def wrote(subject="Hello", sender="carol@example.com", **headers):
        message = letter(GROUP, f"Text of {subject}", subject=subject, sender=sender, **headers)
        message.add_attachment(b"menu", maintype="text", subtype="csv", filename="menu.csv")
        post(message)
        return db.scalars(select(ReceivedEmail).order_by(ReceivedEmail.id.desc())).first()

    return wrote


def test_admin_allows_and_the_next_mail_comes_in_by_itself(scene, stranger, web, db):
    row = stranger()
    web.sign_in(scene.ben)
    page = web.get(f"/g/{scene.group.key}/emails")
    assert "Text of Hello" in page
    assert "carol@example.com" in page
    thread_page = web.send(f"/received_emails/{row.id}/allow", {"user_id": scene.ada.id}, status=303).follow()
    assert "menu.csv" in thread_page.maybe_follow()
    thread = db.scalars(select(Discussion).where(Discussion.title == "Hello")).one()
    assert thread.author_id == scene.ada.id
    assert db.scalars(select(IncomingMail)).all() == []
    stranger("Second")
    assert db.scalars(select(Discussion.author_id).where(Discussion.title == "Second")).one() == scene.ada.id


def test_alias_wants_the_proof_that_was_there(scene, stranger, web, db):
    row = stranger(harakadata='{"spf": "pass"}')
    web.sign_in(scene.ben).send(f"/received_emails/{row.id}/allow", {"user_id": scene.ada.id})
    alias = db.scalars(select(MemberEmailAlias)).one()
    assert (alias.require_spf, alias.require_dkim, alias.author_id) == (True, False, scene.ben.id)


def test_block_drops_what_waits_and_what_comes(scene, stranger, web, db):
    row = stranger()
    stranger("Other", sender="dan@example.com")
    web.sign_in(scene.ben)
    web.send(f"/received_emails/{row.id}/block", status=303)
    stranger("Again")
    assert [one.headers["subject"] for one in db.scalars(select(ReceivedEmail))] == ["Other"]
    page = web.get(f"/g/{scene.group.key}/emails")
    assert "Blocked" in page
    web.send(f"/member_email_aliases/{db.scalars(select(MemberEmailAlias.id)).one()}/remove", status=303)
    stranger("Once more")
    assert "Once more" in web.get(f"/g/{scene.group.key}/emails")


def test_delete_is_for_this_mail_alone(scene, stranger, web, db):
    row = stranger()
    web.sign_in(scene.ben).send(f"/received_emails/{row.id}/delete", status=303)
    assert db.scalars(select(ReceivedEmail)).all() == []
    assert db.scalars(select(IncomingMail)).all() == []
    stranger("Next")
    assert len(db.scalars(select(ReceivedEmail)).all()) == 1


@pytest.mark.parametrize("user_id", ["", "abc", "0", "99999999", "99999999999999"])
def test_allow_needs_a_member(scene, stranger, web, db, user_id):
    row = stranger()
    page = web.sign_in(scene.ben).send(f"/received_emails/{row.id}/allow", {"user_id": user_id}, status=422)
    assert "Text of Hello" in page
    assert db.scalars(select(MemberEmailAlias)).all() == []


def test_allow_as_one_outside_the_group(scene, stranger, web, make):
    row = stranger()
    eve = make.user(name="Eve")
    page = web.sign_in(scene.ben).send(f"/received_emails/{row.id}/allow", {"user_id": eve.id}, status=422)
    assert "Please choose a member of the group." in page


def test_member_who_may_not_start_threads(scene, stranger, web, db):
    scene.group.members_can_start_discussions = False
    row = stranger()
    web.sign_in(scene.ben).send(f"/received_emails/{row.id}/allow", {"user_id": scene.ada.id}, status=403)
    assert db.scalars(select(ReceivedEmail.released)).all() == [False]


def test_only_admins_of_the_group(scene, stranger, web, make):
    row = stranger()
    for user in (scene.ada, make.user(name="Eve")):
        web.sign_in(user)
        web.get(f"/g/{scene.group.key}/emails", status=(403, 404))
        for act in ("allow", "block", "delete"):
            web.send(f"/received_emails/{row.id}/{act}", {"user_id": scene.ada.id}, status=404)
        assert "/emails" not in web.get(f"/g/{scene.group.key}").maybe_follow()
    web.sign_in(scene.ben)
    assert f"/g/{scene.group.key}/emails" in web.get(f"/g/{scene.group.key}").maybe_follow()


def test_posted_mail_cannot_be_decided_on_again(scene, stranger, web, db):
    row = stranger()
    web.sign_in(scene.ben)
    web.send(f"/received_emails/{row.id}/allow", {"user_id": scene.ada.id}, status=303)
    web.send(f"/received_emails/{row.id}/delete", status=422)
    assert db.scalars(select(ReceivedEmail.released)).all() == [True]


def test_two_admins_who_decide_at_once_post_one_thread(committed_db, app, wsgi):
    with app.begin() as ctx:
        ben, ada = (factories.user(ctx.db, name=name) for name in ("Ben", "Ada"))
        group = factories.group(ctx.db, "Kitchen", admin=ben, members=[ada])
        row = ReceivedEmail(headers={"from": "c@d.example", "subject": "Once"}, body_text="x", group_id=group.id)
        ctx.db.add(row)
        ctx.db.flush()
        url, user_id = f"/received_emails/{row.id}/allow", ada.id
    admins = [Browser(wsgi, app).sign_in(ben) for _number in range(3)]
    tokens = [{"csrf_token": one.csrf_token, "user_id": user_id} for one in admins]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda one, form: one.post(url, form, status="*"), admins, tokens))
    assert sorted(one.status_int for one in answers) == [303, 422, 422]
    assert any("This mail was posted already." in one for one in answers)
    with app.begin() as ctx:
        assert ctx.db.scalars(select(Discussion.title)).all() == ["Once"]


def test_mail_of_a_member_says_so_and_offers_them(scene, stranger, web, make):
    stranger(sender="Ada@Example.org", harakadata='{"spf": "fail"}')
    stranger("Theirs", sender="carol@example.com")
    page = web.sign_in(scene.ben).get(f"/g/{scene.group.key}/emails")
    assert page.text.count("has this address") == 1
    assert "Ada has this address" in page
    assert "also what Ada really writes" in page
    make.membership(scene.group, make.user(name="Carol", email="carol@example.com"))
    chosen = [
        form["user_id"] for form in web.get(f"/g/{scene.group.key}/emails").forms.values() if "user_id" in form.fields
    ]
    names = [[text for _value, on, text in one.options if on] for one in chosen]
    assert names == [["Carol"], ["Ada"]]


def test_what_is_not_shown_is_said(scene, web, db):
    rows = [ReceivedEmail(headers={"from": f"{n}@d.example"}, group_id=scene.group.id) for n in range(waiting.PAGE + 1)]
    db.add_all(rows[1:])
    web.sign_in(scene.ben)
    assert "These are the newest" not in web.get(f"/g/{scene.group.key}/emails")
    db.add(rows[0])
    assert f"These are the newest {waiting.PAGE}." in web.get(f"/g/{scene.group.key}/emails")


def test_address_of_one_who_left_waits_and_says_so(scene, stranger, web, db, ctx):
    row = stranger()
    page = f"/g/{scene.group.key}/emails"
    web.sign_in(scene.ben).send(f"/received_emails/{row.id}/allow", {"user_id": scene.ada.id}, status=303)
    assert "Comes in as Ada" in web.get(page)
    for one in db.scalars(select(Membership).where(Membership.user_id == scene.ada.id)):
        one.revoked_at = ctx().now
    stranger("Later")
    assert "Waits: Ada is no member any more" in web.get(page)
    assert "Later" in web.get(page)


def test_a_subject_that_turns_the_direction_is_turned_back(scene, stranger, web, db):
    row = stranger("Invoice \u202efdp.exe\u0007")
    page = web.sign_in(scene.ben).get(f"/g/{scene.group.key}/emails")
    assert "Invoice fdp.exe" in page
    web.send(f"/received_emails/{row.id}/allow", {"user_id": scene.ada.id}, status=303)
    assert db.scalars(select(Discussion.title).order_by(Discussion.id.desc())).first() == "Invoice fdp.exe"


def test_queries_do_not_grow_with_mails(scene, stranger, web, queries):
    stranger()
    web.sign_in(scene.ben)
    web.get(f"/g/{scene.group.key}/emails")
    with queries() as one:
        web.get(f"/g/{scene.group.key}/emails")
    for number in range(5):
        stranger(f"More {number}", sender=f"s{number}@example.com")
    with queries() as six:
        web.get(f"/g/{scene.group.key}/emails")
    assert six.count == one.count, str(six)


def test_files_of_an_adopted_mail_come_along(scene, web, db, ctx, mail_host):
    import io

    from llmio.files import service as files

    row = ReceivedEmail(headers={"From": "c@d.example", "Subject": "Old"}, body_text="Old", group_id=scene.group.id)
    db.add(row)
    db.flush()
    blob = files.store(ctx(scene.ben), filename="old.csv", stream=io.BytesIO(b"old"))
    db.add(Attachment(name="attachments", record_type="ReceivedEmail", record_id=row.id, blob_id=blob.id))
    web.sign_in(scene.ben).send(f"/received_emails/{row.id}/allow", {"user_id": scene.ada.id}, status=303)
    thread = db.scalars(select(Discussion).where(Discussion.title == "Old")).one()
    assert [one["filename"] for one in thread.attachments] == ["old.csv"]
    assert db.scalars(select(Attachment.record_type)).all() == ["Discussion"]


def test_admins_are_mailed_about_waiting_mail_once_an_hour(scene, stranger, mailbox, clock, db, make):
    scene.ben.time_zone, scene.group.handle = "UTC", "kitchen"
    quiet = make.user(name="Quinn", email="quinn@example.org")
    make.membership(scene.group, quiet, admin=True, volume=1)
    stranger("<b>Win</b> money", sender="carol@example.com")
    (mail,) = mailbox.mails
    assert mail.to[1] == "ben@example.org", "no member, no admin who wants it quiet"
    assert mail.subject == "[kitchen] A mail from someone unknown waits in Kitchen"
    for text in (mail.text, mail.html.replace("&lt;", "<").replace("&gt;", ">")):
        assert "Ada <carol@example.com>" in text
        assert "1 mail waits" in text
    assert "> Text of <b>Win</b> money" in mail.text
    assert "<b>Win" not in mail.html, "what a stranger wrote is no markup of ours"
    assert f"/g/{scene.group.key}/emails" in mail.text
    assert "because you are an admin" in mail.text
    stranger("Second", sender="dave@example.com")
    assert len(mailbox.mails) == 1
    clock.move(minutes=61)
    stranger("Third", sender="erin@example.com")
    assert len(mailbox.mails) == 2
    assert "3 mails wait" in mailbox.mails[-1].text
