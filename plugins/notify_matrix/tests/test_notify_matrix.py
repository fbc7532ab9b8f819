"""The Matrix notifier: the contract, aliases, invitations, limits, and a wrong sibling that the contract finds out."""

from __future__ import annotations

import json

import pytest
from llmio_notify_matrix import Matrix, content_of

from llmio.plugins import Failed, HttpAnswer, Message, Note, Notifier, Outgoing, Prose, Retry, Sent, Target
from llmio.testing.contracts.notify import NotifierContract
from llmio.testing.ports import Mailbox, MemoryHttp

SERVER = "https://matrix.example.org"
ROOM = "!abc:example.org"
PUT = f"{SERVER}/_matrix/client/v3/rooms/%21abc%3Aexample.org/send/m.room.message/msg_7"


def target(channel=ROOM):
    return Target(SERVER, "A room", {"access_token": "syt_secret", "channel": channel})


class TestMatrix(NotifierContract):
    @pytest.fixture
    def notifier(self) -> Notifier:
        return Matrix()

    @pytest.fixture
    def target(self) -> Target:
        return target()


def send(*answers, channel=ROOM):
    web = MemoryHttp(answers=[HttpAnswer(status, {}, json.dumps(body)) for status, body in answers])
    message = Message("new_comment", "s", "text", html="<p>text</p>", id="msg_7")
    outcome = Matrix().send(message, target(channel), Outgoing(web, Mailbox()))
    return outcome, [(one.method, one.url.removeprefix(SERVER + "/_matrix/client/v3")) for one in web.posts], web


def test_a_message_is_put_with_its_id_as_transaction():
    outcome, _calls, web = send((200, {"event_id": "$1"}))
    (one,) = web.posts
    assert outcome == Sent("$1")
    assert (one.method, one.url, one.headers["Authorization"]) == ("PUT", PUT, "Bearer syt_secret")
    assert json.loads(one.body) == {
        "msgtype": "m.text",
        "body": "text",
        "m.mentions": {},
        "format": "org.matrix.custom.html",
        "formatted_body": "<p>text</p>",
    }


def test_an_alias_is_looked_up():
    _outcome, calls, _web = send((200, {"room_id": ROOM}), (200, {"event_id": "$1"}), channel="#board:example.org")
    assert calls[0] == ("GET", "/directory/room/%23board%3Aexample.org")
    assert calls[1][0] == "PUT"


def test_an_alias_that_leads_nowhere_is_final_and_a_silent_server_is_not():
    outcome, calls, _web = send((404, {"errcode": "M_NOT_FOUND", "error": "No such room"}), channel="#x:example.org")
    assert outcome == Failed("404 M_NOT_FOUND No such room")
    assert len(calls) == 1
    assert isinstance(send((0, {}), channel="#x:example.org")[0], Retry)
    assert isinstance(send((200, {"rooms": []}), channel="#x:example.org")[0], Retry)


def test_an_invitation_is_accepted():
    outcome, calls, _web = send((403, {"errcode": "M_FORBIDDEN"}), (200, {}), (200, {"event_id": "$1"}))
    assert [method for method, _path in calls] == ["PUT", "POST", "PUT"]
    assert calls[1][1] == "/join/%21abc%3Aexample.org"
    assert isinstance(outcome, Sent)


def test_a_room_one_may_not_enter_is_final():
    outcome, calls, _web = send(
        (403, {"errcode": "M_FORBIDDEN"}), (403, {"errcode": "M_FORBIDDEN", "error": "Not invited"})
    )
    assert outcome == Failed("403 M_FORBIDDEN Not invited")
    assert len(calls) == 2


def test_how_long_to_wait_is_heeded():
    outcome, _calls, _web = send((429, {"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 2500}))
    assert isinstance(outcome, Retry)
    assert outcome.after == 2.5


def test_a_test_rings_nobodys_phone():
    assert content_of(Message("test", "Hello", "Hello"))["msgtype"] == "m.notice"


def test_an_event_stays_within_what_servers_take():
    parts = (Prose("<p>" + "ü" * 40_000 + "</p>", "ü" * 40_000), Note("3 of 4 have voted."))
    made = content_of(Message("k", "s", "x", html="y", parts=parts))
    assert len(json.dumps(made)) < 60_000
    assert made["body"] == "3 of 4 have voted."


class Wrong(Matrix):
    """Sends twice under different transactions and takes silence for consent."""

    def send(self, message, target, out):
        super().send(message, target, out)
        super().send(message, target, out)
        return Sent()


def test_the_contract_finds_a_wrong_sibling_out():
    suite, web, post = NotifierContract(), MemoryHttp(), Mailbox()
    out = Outgoing(web, post)
    with pytest.raises(AssertionError):
        suite.test_a_message_goes_out_once(Wrong(), target(), out, web, post)
    with pytest.raises(AssertionError):
        suite.test_silence_is_tried_again(Wrong(), target(), out, web, post)
