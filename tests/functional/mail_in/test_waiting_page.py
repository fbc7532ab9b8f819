"""The page on which an admin of a group lets waiting mail in, blocks senders or deletes."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.discussions.models import Discussion
from llmio.files.models import Attachment
from llmio.groups.models import MemberEmailAlias
from llmio.mail.incoming.models import IncomingMail
from llmio.mail.models import ReceivedEmail

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
