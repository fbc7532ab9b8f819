"""Reports that a mail of ours did not arrive: the address is left alone, unless the report may be forged."""

from __future__ import annotations

import pytest

from llmio.core.ports import Mail, Receipt
from llmio.mail import post as outgoing
from llmio.mail import suppression

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: notifications@reply.example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <report-1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
X-Postfix-Queue-ID: 4ABC

Final-Recipient: rfc822; Zoe@example.com
Original-Recipient: rfc822;zoe@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: {returned}

From: notifications@reply.example.org
To: zoe@example.com
Subject: Lunch
Message-ID: {message_id}

--b--
"""
UNKNOWN = "550 5.1.1 <zoe@example.com>: Recipient address rejected:\n    User unknown"
MAIL = Mail(
    ("Zoë", "zoe@example.com"), ("", "n@localhost"), "Lunch", "x", "", "<event-1@localhost>", kind="new_comment"
)


@pytest.fixture
def reported(app, post, db):
    """`reported(status="5.1.1", …)`: our mail was sent, then a report came; the addresses not written to."""

    def made(**how):
        outgoing.Post(app).send(MAIL)
        values = {
            "said": UNKNOWN,
            "action": "failed",
            "status": "5.1.1",
            "returned": "message/rfc822",
            "message_id": MAIL.message_id,
        }
        post(REPORT.format(**{**values, **how}).replace("\n", "\r\n").encode())
        db.expire_all()
        return [(one.address, one.answer) for one in suppression.listed(db)]

    return made


@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_an_address_that_nobody_has_is_left_alone(reported, app, db, mailbox, returned):
    ((address, said),) = reported(returned=returned)
    assert address == "zoe@example.com"
    assert said == "5.1.1 550 5.1.1 <zoe@example.com>: Recipient address rejected: User unknown"
    assert outgoing.Post(app).send(MAIL).held
    assert [row.state for row in outgoing.listed(db)] == ["held"]
    assert len(mailbox.mails) == 1, "and the report is not answered"


def test_where_the_code_says_nothing_the_words_do(reported):
    assert reported(status="5.0.0", said="550 No such user here") == [
        ("zoe@example.com", "5.0.0 550 No such user here")
    ]


@pytest.mark.parametrize(
    "how",
    [
        {"action": "failed", "status": "5.0.0", "said": "554 Message refused by policy"},
        {"action": "delayed", "status": "4.1.1"},
        {"action": "failed", "status": "5.7.1"},
        {"action": "failed", "status": "5.2.2"},
        {"action": "delivered", "status": "5.1.1"},
        {"action": "", "status": ""},
        {"message_id": "<somebody-else@localhost>"},
        {"message_id": "none"},
    ],
)
def test_other_reports_and_forged_ones_change_nothing(reported, app, how):
    assert reported(**how) == []
    assert outgoing.Post(app).send(MAIL) == Receipt(ok=True, answer="250 OK")
