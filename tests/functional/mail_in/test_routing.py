"""Where mail goes: by the forms of addresses, in order; and what is dropped."""

from __future__ import annotations

import base64
import json

import pytest
from sqlalchemy import select

from llmio.accounts.models import User
from llmio.core.tables import Event
from llmio.discussions.models import Comment, Discussion
from llmio.files.models import Attachment, Blob
from llmio.groups.models import ForwardEmailRule, MemberEmailAlias
from llmio.mail.incoming import mime
from llmio.mail.incoming.models import IncomingMail
from llmio.mail.models import ReceivedEmail

HOST = "reply.example.net"
GROUP = f"kitchen@{HOST}"


@pytest.fixture
def bodies(db):
    return lambda: list(db.scalars(select(Comment.body).order_by(Comment.id)))


@pytest.fixture
def titles(db, scene):
    return lambda: list(
        db.scalars(select(Discussion.title).where(Discussion.id != scene.thread.id).order_by(Discussion.id))
    )


@pytest.fixture
def waiting(db):
    return lambda: db.scalars(select(ReceivedEmail).where(ReceivedEmail.released.is_(False))).all()


def answer(scene, user=None, **more):
    user = user or scene.ada
    values = {**more, "d": scene.thread.id, "u": user.id, "k": user.email_api_key}
    return "&".join(f"{name}={value}" for name, value in values.items()) + f"@{HOST}"


# -- answers -------------------------------------------------------------------------------------------------------------


def test_answer_goes_below_what_it_answers(scene, post, letter, make, db):
    comment = make.comment(scene.thread, author=scene.ben)
    poll = make.poll(discussion=scene.thread, voters=[scene.ada])
    post(letter(answer(scene, pt="c", pi=comment.id), "one"))
    post(letter(answer(scene, c=comment.id), "two"))
    post(letter(answer(scene, pt="p", pi=poll.id), "three"))
    post(letter(answer(scene), "four"))
    found = db.execute(select(Comment.body, Comment.parent_type, Comment.parent_id).where(Comment.id > comment.id))
    assert sorted(map(tuple, found)) == sorted(
        [
            ("one", "Comment", comment.id),
            ("two", "Comment", comment.id),
            ("three", "Poll", poll.id),
            ("four", "Discussion", scene.thread.id),
        ]
    )


def test_answer_to_what_is_gone_joins_the_thread(scene, post, letter, db):
    post(letter(answer(scene, pt="c", pi=999999), "still said"))
    assert db.scalars(select(Comment.parent_type)).all() == ["Discussion"]


def test_answer_comes_from_the_owner_of_the_key_whatever_from_says(scene, post, letter, db):
    post(letter(answer(scene), sender="mallory@example.com"))
    assert db.scalars(select(Comment.user_id)).all() == [scene.ada.id]


def test_old_host_still_works(scene, post, letter, bodies):
    post(letter(answer(scene).replace(HOST, "OLD.example.net"), "by the old way"))
    assert bodies() == ["by the old way"]


def test_other_hosts_are_not_ours(scene, post, letter, bodies, mailbox):
    post(letter(answer(scene).replace(HOST, f"{HOST}.evil.example")))
    post(letter(answer(scene).replace(HOST, f"evil{HOST}")))
    assert bodies() == []
    assert mailbox.mails == []


def test_answer_to_a_closed_thread_bounces_with_the_reason(scene, post, letter, bodies, mailbox, clock):
    scene.thread.closed_at = clock.now()
    post(letter(answer(scene)))
    assert bodies() == []
    assert mailbox.addresses() == ["ada@example.org"]
    assert "could not be posted" in mailbox.last().text


def test_answer_without_words_bounces(scene, post, letter, bodies, mailbox):
    post(letter(answer(scene), "On Tue, Nov 3, 2026 at 10:02 AM Ben <b@x.org> wrote:\n\n> Lunch?\n"))
    assert bodies() == []
    assert "no text of yours" in mailbox.last("ada@example.org").text


def test_one_who_left_cannot_answer(scene, post, letter, bodies, make, mailbox):
    eve = make.user(name="Eve", email="eve@example.org", email_api_key="KeyOfEve")
    post(letter(answer(scene, eve), sender="eve@example.org"))
    assert bodies() == []
    assert mailbox.addresses() == ["eve@example.org"]


def test_closed_account_has_no_key(scene, post, letter, bodies, clock):
    scene.ada.deactivated_at = clock.now()
    post(letter(answer(scene)))
    assert bodies() == []


def test_picture_in_the_text_is_stored_and_shown(scene, post, letter, db):
    png = b"\x89PNG\r\n\x1a\n" + bytes(40)
    message = letter(answer(scene), "Look: [cid:pic1] there", html="<p>Look: <img src=cid:pic1> there</p>")
    message.get_payload()[1].add_related(png, maintype="image", subtype="png", cid="<pic1>", filename="pic.png")
    post(message)
    comment = db.scalars(select(Comment)).one()
    blob = db.scalars(select(Blob)).one()
    assert f"![pic.png](/files/{blob.id}-" in comment.body
    assert db.execute(select(Attachment.name, Attachment.record_type)).all() == [("image_files", "Comment")]


def test_picture_of_the_quoted_mail_is_left_out(scene, post, letter, db):
    page = '<p>Yes</p><div class="gmail_quote"><blockquote><img src="cid:logo"></blockquote></div>'
    message = letter(answer(scene), "Yes\n\nOn 3 Nov 2026, Ben <b@x.org> wrote:\n> [image: logo]\n", html=page)
    message.get_payload()[1].add_related(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", cid="<logo>")
    post(message)
    assert db.scalars(select(Comment.body)).all() == ["Yes"]
    assert db.scalars(select(Blob)).all() == []


# -- threads -------------------------------------------------------------------------------------------------------------


def test_member_starts_a_thread_by_the_group_address(scene, post, letter, db, titles):
    page = "<html><head><style>p{color:red}</style></head><body><p>We need <b>forks</b>.</p><script>x()</script></body>"
    post(letter(f"Kitchen <{GROUP}>", "We need forks.", subject="Fwd: RE: Forks", html=page))
    thread = db.scalars(select(Discussion).where(Discussion.id != scene.thread.id)).one()
    assert (thread.title, thread.author_id, thread.group_id) == ("Forks", scene.ada.id, scene.group.id)
    assert (thread.description, thread.description_format) == ("<p>We need <b>forks</b>.</p>", "html")
    assert (thread.private, thread.max_depth) == (True, 3)


def test_handle_in_another_case_and_as_copy(scene, post, letter, titles):
    post(letter("someone@else.example", subject="By copy", Cc=f"KITCHEN@{HOST.upper()}"))
    assert titles() == ["By copy"]


def test_personal_address_starts_a_thread(scene, post, letter, titles, app, monkeypatch):
    to = f"kitchen+u={scene.ada.id}&k=KeyOfAda01@{HOST}"
    post(letter(to, sender="ada@private.example", subject="From elsewhere"))
    post(letter(to.replace("Ada01", "Ada02"), subject="Wrong key"))
    monkeypatch.setitem(app.settings.values, "features.disable_thread_from_mail", True)
    post(letter(to, subject="Switched off"))
    assert titles() == ["From elsewhere"]


def test_cid_pictures_of_a_thread_are_stored_and_pointed_at(scene, post, letter, db):
    png = b"\x89PNG\r\n\x1a\n" + bytes(40)
    message = letter(GROUP, "Look", subject="Plan", html='<p>Look <img src="cid:a@b" onerror="x()"></p>')
    message.get_payload()[1].add_related(png, maintype="image", subtype="png", cid="<a@b>")
    message.add_attachment(b"a,b\n1,2\n", maintype="text", subtype="csv", filename="list.csv")
    post(message)
    thread = db.scalars(select(Discussion).where(Discussion.title == "Plan")).one()
    assert "cid:" not in thread.description
    assert 'src="/files/' in thread.description
    assert "onerror" not in thread.description
    assert [one["filename"] for one in thread.attachments] == ["list.csv"]


def test_mail_of_unknown_group_and_of_nobody_is_dropped(scene, post, letter, titles, waiting, mailbox):
    post(letter(f"cellar@{HOST}"))
    post(letter(GROUP, sender=""))
    assert titles() == []
    assert waiting() == []
    assert mailbox.mails == []


def test_text_beyond_the_limit_is_cut_and_attached_whole(scene, post, letter, db, app, monkeypatch):
    monkeypatch.setitem(app.settings.values, "text.max_length", 1000)
    post(letter(answer(scene), "\n".join(f"line {number}" for number in range(400))))
    comment = db.scalars(select(Comment)).one()
    assert len(comment.body) < 1000
    assert [one["filename"] for one in comment.attachments] == ["mail.txt"]


# -- who is who ----------------------------------------------------------------------------------------------------------


def test_unknown_sender_waits_and_admins_are_told(scene, post, letter, waiting, titles, db, web):
    post(letter(GROUP, sender="carol@example.com", subject="Hello"))
    assert titles() == []
    assert [row.group_id for row in waiting()] == [scene.group.id]
    event = db.scalars(select(Event).where(Event.kind == "unknown_sender")).one()
    assert event.custom_fields["recipient_user_ids"] == [scene.ben.id]
    page = web.sign_in(scene.ben).get("/notifications")
    assert "A mail from someone unknown waits in Kitchen" in page
    assert "/notifications/" in page


@pytest.mark.parametrize(
    ("said", "posted"),
    [
        ({"spf": "fail"}, False),
        ({"spf": {"result": "SoftFail"}}, False),
        ({"dkim": {"fail": ["example.org"]}}, False),
        ({"spf": "pass", "dkim": "pass", "dmarc": "fail"}, False),
        ({"spf": "fail", "dkim": "pass"}, True),
        ({"spf": {"result": "Pass"}}, True),
        ({"transaction": {"spf": {"result": "Fail"}}}, False),
        ({"other": 1}, True),
    ],
)
def test_from_is_believed_only_if_no_check_failed(scene, post, letter, titles, waiting, said, posted):
    post(letter(GROUP, subject="Mine", harakadata=json.dumps(said)))
    assert (titles() == ["Mine"], len(waiting()) == 1) == (posted, not posted)


def test_forged_pass_does_not_outweigh_a_fail(scene, post, letter, titles):
    message = letter(GROUP, harakadata=json.dumps({"spf": "pass", "dmarc": "pass"}))
    message["harakadata"] = json.dumps({"spf": "fail"})
    message["harakadata"] = json.dumps({"dmarc": "fail"})
    post(message)
    assert titles() == []


def test_key_works_where_checks_fail(scene, post, letter, bodies):
    post(letter(answer(scene), harakadata=json.dumps({"dmarc": "fail"})))
    assert bodies() == ["Yes, let us do that."]


def test_allowed_alias_posts_as_the_member_and_a_blocked_one_is_dropped(scene, post, letter, titles, waiting, db):
    def alias(email, user, **needs):
        values = {"require_spf": False, "require_dkim": False, **needs}
        db.add(MemberEmailAlias(email=email, user_id=user and user.id, group_id=scene.group.id, author_id=1, **values))

    alias("ada@work.example", scene.ada)
    alias("strict@work.example", scene.ada, require_dkim=True)
    alias("spam@work.example", None)
    passed = json.dumps({"dkim": "pass"})
    post(letter(GROUP, sender="ada@work.example", subject="At work"))
    post(letter(GROUP, sender="spam@work.example", subject="Buy"))
    post(letter(GROUP, sender="strict@work.example", subject="Unsigned"))
    post(letter(GROUP, sender="strict@work.example", subject="Signed", harakadata=passed))
    assert titles() == ["At work", "Signed"]
    assert [row.headers["subject"] for row in waiting()] == ["Unsigned"]


def test_alias_of_another_group_counts_for_nothing(scene, post, letter, titles, make, db):
    other = make.group("Other", admin=scene.ada)
    db.add(MemberEmailAlias(email="x@y.example", user_id=scene.ada.id, group_id=other.id, author_id=scene.ada.id))
    post(letter(GROUP, sender="x@y.example"))
    assert titles() == []


def test_member_who_may_not_start_threads_is_told(scene, post, letter, titles, mailbox):
    scene.group.members_can_start_discussions = False
    post(letter(GROUP))
    assert titles() == []
    assert mailbox.addresses() == ["ada@example.org"]


# -- forwarded, bounced, dropped -----------------------------------------------------------------------------------------


def test_rule_forwards_with_answers_going_to_the_sender(scene, post, letter, db, mailbox):
    db.add(ForwardEmailRule(handle="office", email="office@private.example"))
    message = letter(f"Office@{HOST}", "Hello office", subject="Question", sender="carol@example.com")
    message.add_attachment(b"x", maintype="application", subtype="pdf", filename="a.pdf")
    post(message)
    sent = mailbox.last("office@private.example")
    assert (sent.subject, sent.text.strip(), sent.reply_to) == (
        "Question",
        "Hello office",
        ("Ada", "carol@example.com"),
    )
    assert sent.sender[1] == "notifications@site.example"
    assert [(name, kind) for name, kind, _open in sent.files] == [("a.pdf", "application/pdf")]
    assert db.scalars(select(IncomingMail)).all() == []


def test_mail_to_the_notifications_address_bounces_once_an_hour(scene, post, letter, mailbox, clock):
    for _number in range(3):
        post(letter("notifications@site.example", sender="carol@example.com"))
    assert mailbox.addresses() == ["carol@example.com"]
    assert "Nobody reads it" in mailbox.last().text
    assert "because you wrote to an address of llmio" in mailbox.last().text
    post(letter("notifications@site.example", sender="dan@example.com"))
    clock.move(minutes=61)
    post(letter("notifications@site.example", sender="carol@example.com"))
    assert mailbox.addresses() == ["carol@example.com", "dan@example.com", "carol@example.com"]


def test_nobody_is_told_of_a_mail_they_may_not_have_sent(scene, post, letter, mailbox):
    failed = json.dumps({"spf": "fail"})
    post(letter("notifications@site.example", sender="victim@example.com", harakadata=failed))
    assert mailbox.mails == []


def test_complaint_is_counted_for_whom_it_names(scene, post, letter, db, mailbox):
    report = letter(f"any@{HOST}", "A complaint.", sender="complaints@email-abuse.amazonses.com", subject="complaint")
    original = "From: notifications@site.example\r\nTo: ADA@example.org\r\nSubject: News\r\n\r\nBody"
    report.add_attachment(original.encode(), maintype="message", subtype="rfc822-headers")
    post(report)
    db.refresh(scene.ada)
    assert scene.ada.complaints_count == 1
    assert db.scalars(select(User.complaints_count).where(User.id == scene.ben.id)).one() == 0
    assert mailbox.mails == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"X_Autorespond": "yes"},
        {"X_Precedence": "auto_reply"},
        {"Precedence": "auto_reply"},
        {"Return_Path": "<>"},
        {"subject": "Out of Office: Lunch"},
        {"subject": "Automatische Antwort: Lunch"},
        {"subject": "Abwesenheitsnotiz: Lunch"},
        {"subject": "Réponse automatique : Lunch"},
        {"subject": "Respuesta automática: Lunch"},
        {"subject": "自動返信: Lunch"},
        {"subject": "Автоматичен отговор: Lunch"},
        {"subject": "תשובה אוטומטית: Lunch"},
        {"subject": "AUTO: Ada ist abwesend"},
        {"sender": "MAILER-DAEMON@example.org"},
        {"subject": "[Auto-Reply] Lunch"},
        {"subject": "【自動返信】Lunch"},
        {"subject": "الرد التلقائي: Lunch"},
        {"subject": "Yahoo! Auto Response"},
        {"subject": "Out of office Re: Lunch"},
        {"subject": "Vacation reply: Lunch"},
        {"sender": f"someone@{HOST}"},
        {"sender": "notifications@site.example"},
    ],
)
def test_robots_and_loops_are_dropped(scene, post, letter, bodies, mailbox, headers):
    post(letter(answer(scene), **headers))
    post(letter("notifications@site.example", **headers))
    assert bodies() == []
    assert mailbox.mails == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "no"},
        {"Precedence": "normal"},
        {"subject": "Autonomous cars"},
        {"subject": "Auto: wer fährt?"},
        {"subject": "Re: The office is out of coffee"},
        {"subject": "Out of the office furniture budget"},
        {"subject": "Vacation reply forms"},
        {"subject": "Read: the new budget"},
        {"subject": "Failure notice board"},
        {"List_Id": "<friends.example>", "Precedence": "list"},
        {"subject": "Re: Abwesenheit: Anna"},
        {"subject": "Re: Out of office: who waters the plants?"},
    ],
)
def test_people_are_not_taken_for_robots(scene, post, letter, bodies, headers):
    post(letter(answer(scene), **headers))
    assert bodies() == ["Yes, let us do that."]


ABSENCES = ("Abwesenheit: Anna", "Out of office: Anna, 3 to 7 June", "不在のお知らせ", "Fravær: Anna")


@pytest.mark.parametrize("subject", ABSENCES)
@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({}, True),
        ({"In_Reply_To": "<event-1-email-2@site.example>"}, False),
        ({"Auto_Submitted": "auto-replied"}, False),
        ({"X_Autoreply": "yes"}, False),
    ],
)
def test_a_group_may_be_told_by_mail_of_an_absence(scene, post, letter, titles, subject, headers, taken):
    post(letter(GROUP, subject=subject, **headers))
    assert titles() == ([subject] if taken else [])


@pytest.mark.parametrize("subject", ABSENCES)
def test_the_same_words_in_answer_to_a_mail_of_ours_are_a_program_s(scene, post, letter, bodies, mailbox, subject):
    post(letter(answer(scene), subject=subject))
    post(letter("notifications@site.example", subject=subject))
    assert (bodies(), mailbox.mails) == ([], [])


def test_stored_mail_of_an_adopted_database_is_routed_by_the_hour(scene, db, run_jobs, app, mail_host, titles, waiting):
    def row(**values):
        db.add(ReceivedEmail(released=False, body_text="Old text", **values))

    row(headers={"From": "Ada <ada@example.org>", "To": GROUP, "Subject": "Re: Kept"})
    row(headers={"From": "x@unknown.example", "To": GROUP, "Subject": "Unknown"})
    row(headers={"From": "ada@example.org", "To": f"nowhere@{HOST}", "Subject": "Nowhere"})
    db.flush()
    with app.begin() as context:
        context.enqueue(app.jobs["mail.route_stored"])
    run_jobs()
    assert titles() == ["Kept"]
    assert [one.headers["Subject"] for one in waiting()] == ["Unknown"]
    assert len(db.scalars(select(ReceivedEmail)).all()) == 2


def test_old_mail_is_swept(scene, post, letter, db, run_jobs, app, clock):
    post(letter(GROUP, sender="carol@example.com"))
    for days, left in ((59, 1), (2, 0)):
        clock.move(days=days)
        with app.begin() as context:
            context.enqueue(app.jobs["mail.sweep"])
        run_jobs()
        db.expire_all()
        assert len(db.scalars(select(ReceivedEmail)).all()) == left
        assert len(db.scalars(select(IncomingMail)).all()) == left


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", False),
        ("Ben has accepted this invitation.\nhttps://calendar.google.com/", False),
        ("I come by bike.", True),
    ],
)
def test_an_answer_of_a_calendar_is_dropped_unless_its_owner_says_something(
    scene, post, letter, bodies, mailbox, text, kept
):
    message = letter(answer(scene), text, subject="Accepted: Loom")
    message.add_alternative(
        "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nEND:VCALENDAR\r\n", subtype="calendar", params={"method": "REPLY"}
    )
    post(message)
    assert bodies() == ([text] if kept else [])
    assert mailbox.mails == []


ENCRYPTED = {
    "openpgp": 'Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\n\n--b\nContent-Type: application/pgp-encrypted\n\n'
    "Version: 1\n--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\n-----BEGIN PGP MESSAGE-----\nabc\n--b--\n",
    "inline": "\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n",
    "below a greeting": "\nHi all,\n\n-----BEGIN PGP MESSAGE-----\n\nabc\n-----END PGP MESSAGE-----\n",
    "divided anew by a server": "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n\n--b\n"
    "Content-Type: application/pgp-encrypted\n\nVersion: 1\n--b\nContent-Type: application/octet-stream; name=encrypted.asc\n\nabc\n--b--\n",
    "smime": "Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m\nContent-Transfer-Encoding: base64\n\nMIIBAA==\n",
}


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_what_nobody_here_can_read_is_not_posted(scene, post, bodies, titles, mailbox, kind):
    for number, to in enumerate((answer(scene), f"kitchen@{HOST}")):
        head = f"From: ada@example.org\nTo: {to}\nSubject: Lunch\nMessage-ID: <{kind}{number}@x>\nMIME-Version: 1.0\n"
        post((head + ENCRYPTED[kind]).encode())
    assert (bodies(), titles()) == ([], [])
    assert "is encrypted" in mailbox.last("ada@example.org").text


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("Share: the plan", "Share: the plan"),
        ("Where: the kitchen", "Where: the kitchen"),
        ("A question re: forks", "A question re: forks"),
        ("[kitchen] Re: Forks", "[kitchen] Re: Forks"),
        ("RE: AW[2]: Fwd: Forks", "Forks"),
        ("رد: شوك", "شوك"),
        ("Re:", "Mail without a subject"),
    ],
)
def test_a_title_is_the_subject_without_what_programs_put_before_it(scene, post, letter, titles, subject, title):
    post(letter(GROUP, "Forks.", subject=subject))
    assert titles() == [title]


def test_every_file_comes_along_or_the_sender_is_told(scene, post, letter, db, mailbox):
    def of_files(count):
        message = letter(answer(scene), "Pictures")
        for number in range(count):
            message.add_attachment(b"x", maintype="application", subtype="zip", filename=f"{number}.zip")
        return message

    post(of_files(120))
    assert [len(one) for one in db.scalars(select(Comment.attachments))] == [120]
    post(of_files(mime.MOST_PARTS))
    assert len(db.scalars(select(Comment)).all()) == 1
    assert f"more than {mime.MOST_PARTS} parts" in mailbox.last("ada@example.org").text


FORGED = base64.b64encode(b'"Ada" <ada@example.org>, "').decode()
TWICE = base64.b64encode(f'" <ada@example.org>, =?utf-8?B?{FORGED}?='.encode()).decode()


@pytest.mark.parametrize(
    "sender",
    [
        f"=?utf-8?B?{FORGED}?= <eve@evil.example>",
        f'"=?utf-8?B?{FORGED}?=" <eve@evil.example>',
        f"=?utf-8?B?{TWICE}?= <eve@evil.example>",
        "=?utf-8?Q?ada=40example.org=2C?= <eve@evil.example>",
    ],
)
def test_an_encoded_name_is_no_address(scene, post, titles, waiting, sender):
    post(
        f"From: {sender}\nTo: kitchen@{HOST}\nSubject: Forged\nMessage-ID: <{len(sender)}@e>\n\nMoney, please.\n".encode()
    )
    assert titles() == []
    assert [row.headers["from"].count("eve@evil.example") for row in waiting()] == [1]


@pytest.mark.parametrize(
    "sender", ['"ada"@example.org', "Kitchen: Ada <ada@example.org>, Ben <ben@x.example>;", "ada@example.org (Ada)"]
)
def test_an_address_in_other_forms_is_the_same(scene, post, titles, sender):
    post(f"From: {sender}\nTo: kitchen@{HOST}\nSubject: Soup\nMessage-ID: <{len(sender)}@f>\n\nSoup.\n".encode())
    assert titles() == ["Soup"]


def test_a_header_of_any_length_stays_one(scene, post, bodies):
    others = ", ".join(f"person{number}@example.org" for number in range(8000))
    post(
        f"From: ada@example.org\nTo: {answer(scene)}\nCc: {others}\nSubject: Re: Lunch\nMessage-ID: <l@x>\n\nYes.\n".encode()
    )
    assert bodies() == ["Yes."]


def test_a_file_name_in_plain_utf_8_is_kept(scene, post, db):
    head = f"From: ada@example.org\nTo: {answer(scene)}\nSubject: Re: Lunch\nMessage-ID: <u@x>\nMIME-Version: 1.0\n"
    post((head + 'Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee.\n--b\nContent-Type: application/pdf\n'
          'Content-Disposition: attachment; filename="Größe.pdf"\n\nx\n--b--\n').encode())  # fmt: skip
    assert db.scalars(select(Blob.filename)).all() == ["Größe.pdf"]
