"""A mail of ours goes out, is answered, and comes back as a comment: the whole round."""

from __future__ import annotations

from sqlalchemy import select

from llmio.discussions import service as discussions
from llmio.discussions.models import Comment


def test_answer_to_a_mail_of_ours(scene, ctx, commit, run_jobs, mail_host, mailbox, post, letter, db, make):
    reader = make.user(name="Eve", email="eve@example.org", email_api_key="KeyOfEve01")
    make.membership(scene.group, reader, volume=3)
    first = discussions.add_comment(ctx(scene.ben), scene.thread, body="Shall we **meet** at one?")
    commit()
    run_jobs()
    mail = mailbox.last("eve@example.org")
    assert mail.reply_to is not None
    name, address = mail.reply_to
    quoted = "\n".join(f"> {line}" for line in mail.text.split("\n"))
    intro = "On Tue, Nov 3, 2026 at 10:02 AM Ben via llmio <notifications@site.example>\nwrote:"
    post(letter(f"{name} <{address}>", f"One is fine.\n\n{intro}\n\n{quoted}\n", sender="eve@example.org"))
    answer = db.scalars(select(Comment).where(Comment.id > first.id)).one()
    assert (answer.body, answer.user_id) == ("One is fine.", reader.id)
    assert (answer.parent_type, answer.parent_id) == ("Comment", first.id)


def test_our_own_mail_that_comes_back_is_dropped(
    scene, ctx, commit, run_jobs, mail_host, mailbox, post, db, clock, make
):
    from llmio.mail.message import build

    reader = make.user(name="Eve", email="eve@example.org", email_api_key="KeyOfEve01")
    make.membership(scene.group, reader, volume=3)
    discussions.add_comment(ctx(scene.ben), scene.thread, body="Shall we meet at one?")
    commit()
    run_jobs()
    mail = mailbox.last("eve@example.org")
    message = build(mail, clock.now())
    message.replace_header("To", mail.reply_to[1])
    before = len(mailbox.mails)
    post(message)
    assert len(db.scalars(select(Comment)).all()) == 1
    assert len(mailbox.mails) == before
