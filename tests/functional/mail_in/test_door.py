"""Mail comes in by HTTP, as a relay posts it, and becomes words in a thread."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from llmio.discussions.models import Comment
from llmio.files.models import Attachment
from llmio.mail.incoming.models import IncomingMail, IncomingPiece
from llmio.mail.models import ActionMailboxInboundEmail, ReceivedEmail
from llmio.notifications import replies
from llmio.notifications.subjects import describe

HOST = "reply.example.net"
DOOR = "/rails/action_mailbox/relay/inbound_emails"


def comments(db):
    return list(db.scalars(select(Comment).order_by(Comment.id)))


# -- the door ------------------------------------------------------------------------------------------------------------


def test_reply_appears_in_the_thread(scene, post, web, db, letter):
    to = f"d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda01@{HOST}"
    quoted = "Yes, let us do that.\n\nOn Tue, Nov 3, 2026 at 10:02 AM Ben <ben@example.org> wrote:\n\n> Lunch at one?\n"
    post(letter(to, quoted))
    web.sign_in(scene.ben)
    page = web.get(f"/d/{scene.thread.key}").maybe_follow()
    assert "Yes, let us do that." in page
    assert "Lunch at one?" not in page
    found = comments(db)[-1]
    assert (found.user_id, found.body, found.body_format) == (scene.ada.id, "Yes, let us do that.", "md")


def test_address_of_our_own_mails_routes(scene, post, db, ctx, make, app, mail_host, letter):
    comment = make.comment(scene.thread, author=scene.ben)
    context = ctx(scene.ben)
    name, address = replies.address(context, describe(context, comment), scene.ada)
    post(letter(f'"{name}" <{address}>'))
    assert (comments(db)[-1].parent_type, comments(db)[-1].parent_id) == ("Comment", comment.id)


@pytest.mark.parametrize(
    "headers", [{}, ("wrong",), ("relay-secret", "root"), {"Authorization": "Basic %%%"}, {"Authorization": "Bearer x"}]
)
def test_door_is_closed_without_the_password(web, scene, mail_host, db, headers, letter, auth):
    headers = auth(*headers) if isinstance(headers, tuple) else headers
    raw = letter(f"kitchen@{HOST}").as_bytes()
    web.post(DOOR, raw, content_type="message/rfc822", headers=headers, status=401)
    assert db.scalars(select(IncomingMail)).all() == []


def test_door_is_closed_without_a_password_set(web, app, scene, letter, auth):
    web.post(DOOR, b"From: a@b.c\r\n\r\nx", content_type="message/rfc822", headers=auth(""), status=401)


def test_too_large_a_mail_is_refused_before_it_is_read(web, mail_host, app, auth):
    class Unread:
        def read(self, *_args):
            raise AssertionError("it was read")

    environ = {"wsgi.input": Unread(), "CONTENT_LENGTH": str(25 * 1024 * 1024 + 1), "CONTENT_TYPE": "message/rfc822"}
    request = web.RequestClass.blank(DOOR, environ, method="POST", headers=auth())
    answer = request.get_response(web.app)
    assert answer.status_int == 413


def test_same_message_id_acts_once(scene, post, db, letter):
    to = f"d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda01@{HOST}"
    post(letter(to, message_id="<one@x>"))
    post(letter(to, message_id="<one@x>", Received="by another way"))
    post(letter(to, message_id="<two@x>"))
    assert len(comments(db)) == 2
    assert len(db.scalars(select(ActionMailboxInboundEmail)).all()) == 2


def test_nothing_is_left_of_a_routed_mail_but_its_id(scene, post, db, letter):
    post(letter(f"d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda01@{HOST}"))
    assert db.scalars(select(IncomingPiece)).all() == []
    assert db.scalars(select(ActionMailboxInboundEmail.status)).one() == 2
    row = db.scalars(select(ReceivedEmail)).one()
    assert (row.released, row.group_id, row.headers["subject"]) == (True, scene.group.id, "Re: Lunch")


def test_wrong_key_does_nothing(scene, post, db, mailbox, letter):
    post(letter(f"d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda02@{HOST}"))
    post(letter(f"d={scene.thread.id}&u={scene.ben.id}&k=KeyOfAda01@{HOST}", "b"))
    assert comments(db) == []
    assert mailbox.mails == []


def test_attachments_come_along(scene, post, db, letter):
    message = letter(f"d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda01@{HOST}")
    message.add_attachment(b"%PDF-1.4 menu", maintype="application", subtype="pdf", filename="Menü.pdf")
    post(message)
    comment = comments(db)[-1]
    assert [one["filename"] for one in comment.attachments] == ["Menü.pdf"]
    assert db.scalars(select(Attachment.record_type)).all() == ["Comment"]
