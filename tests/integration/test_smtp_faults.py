"""SmtpMailer against a mail server that does what none should: each stage answers as told, hangs up, or says nothing."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from llmio.core.declared import SETTINGS as CORE
from llmio.core.ports import Mail, SystemClock
from llmio.core.settings import load
from llmio.mail.settings import SETTINGS
from llmio.mail.smtp import SmtpMailer

MAIL = Mail(
    to=("Zoë", "zoe@example.org"),
    sender=("llmio", "n@example.org"),
    subject="Hi",
    text="Hello\n",
    html="",
    message_id="<a@example.org>",
)
SIGN_IN = {"SMTP_USERNAME": "llmio", "SMTP_PASSWORD": "hunter2"}
HANG_UP, SILENCE, GARBAGE = "hang up", "silence", b"\x16\x03\x01 not TLS at all\r\n" * 3


class Server:
    """`says[stage]` is an answer, HANG_UP or SILENCE, or a list of them, one for each time; stages are verbs, `GREETING` and `BODY`."""

    def __init__(self, says, *, offers=()):
        self.says = {stage: list(one) if isinstance(one, list) else one for stage, one in says.items()}
        self.offers, self.taken, self.connections, self.heard = offers, [], 0, []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.lines = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                line, _address = self.socket.accept()
                self.lines.append(line)
                self.connections += 1
                threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line):
        with contextlib.suppress(OSError), line, line.makefile("rb") as heard:
            if self._answer(line, "GREETING", "220 here") is None:
                return
            for said in iter(heard.readline, b""):
                verb = said.split()[0].decode("latin-1").upper() if said.split() else ""
                self.heard.append(verb)
                usual = (
                    "\r\n".join(["250-here", *(f"250-{one}" for one in self.offers), "250 OK"])
                    if verb == "EHLO"
                    else {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 OK")
                )
                answered = self._answer(line, verb, usual)
                if answered is None or verb == "QUIT":
                    return
                if verb == "DATA" and answered.startswith("354"):
                    body = b"".join(iter(heard.readline, b".\r\n"))
                    if self._answer(line, "BODY", "250 taken", body) is None:
                        return

    def _answer(self, line, stage, usual, body=None):
        """What was answered; None where the line is to end. A body is kept before it is said that it was taken."""
        said = self.says.get(stage, usual)
        if isinstance(said, list):
            said = said.pop(0) if said else usual
        if said == HANG_UP:
            return None
        if body is not None and str(said).startswith("250"):
            self.taken.append(body)
        if said != SILENCE:
            line.sendall(said if isinstance(said, bytes) else f"{said}\r\n".encode())
        return said if isinstance(said, str) else ""

    def stop(self):
        for one in [self.socket, *self.lines]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@pytest.fixture
def against():
    """`against(says, **settings)`: the server, and a mailer that sends there."""
    with contextlib.ExitStack() as stack:

        def made(says, *, offers=(), listen=None, **env):
            server = Server(says, offers=offers)
            stack.callback(server.stop)
            port = str(server.socket.getsockname()[1])
            given = {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": port, "SMTP_TIMEOUT": "60", **env}
            settings = load([*SETTINGS, *(one for one in CORE if one.key.startswith("site."))], {}, given)
            mailer = SmtpMailer(settings, SystemClock(), listen)
            stack.callback(mailer.close)
            return server, mailer

        yield made


@pytest.mark.parametrize(
    ("says", "offers", "permanent"),
    [
        ({"RCPT": "450 4.2.0 greylisted"}, (), False),
        ({"MAIL": "421 4.7.0 too many"}, (), False),
        ({"BODY": "421 going down"}, (), False),
        ({"BODY": "452 4.3.1 no room"}, (), False),
        ({"BODY": HANG_UP}, (), False),
        ({"RCPT": HANG_UP}, (), False),
        ({"GREETING": HANG_UP}, (), False),
        ({"GREETING": "554 not today"}, (), False),
        ({"BODY": "what?"}, (), False),
        ({"RCPT": "550 5.1.1 nobody"}, (), True),
        ({"BODY": "552 5.3.4 too big"}, (), True),
        ({"BODY": "554 5.6.0 no"}, (), True),
        ({"MAIL": "550 5.7.1 not from you"}, (), True),
        # About us or the line, and not about this mail: every mail would be lost while the operator mends it.
        ({"EHLO": "550 5.7.1 your name does not resolve", "HELO": "550 5.7.1 your name does not resolve"}, (), False),
        ({"STARTTLS": "502 5.5.1 no"}, ("STARTTLS",), False),
        ({"STARTTLS": "454 TLS not available"}, ("STARTTLS",), False),
        ({"STARTTLS": GARBAGE}, ("STARTTLS",), False),
        ({"STARTTLS": HANG_UP}, ("STARTTLS",), False),
        ({"MAIL": "530 5.7.0 Authentication required"}, (), False),
        ({"MAIL": "530 5.7.0 Must issue a STARTTLS command first"}, (), False),
        ({"RCPT": "530 5.7.0 Authentication required"}, (), False),
        ({"BODY": "250 " + "x" * 9000}, (), False),
    ],
)  # fmt: skip
def test_what_may_pass_and_what_may_not(against, says, offers, permanent):
    server, mailer = against(says, offers=offers)
    receipt = mailer.send(MAIL)
    assert (receipt.ok, receipt.permanent) == (False, permanent)
    assert receipt.answer
    assert not server.taken or "BODY" in says


@pytest.mark.parametrize("stage", ["GREETING", "RCPT", "BODY"])
def test_a_server_that_says_nothing_is_left_after_the_time_out(against, stage):
    server, mailer = against({stage: SILENCE}, SMTP_TIMEOUT="0.2")
    assert (mailer.send(MAIL).ok, server.taken) == (False, [])


def test_what_passed_is_sent_at_the_next_try_over_a_connection_that_is_well(against):
    server, mailer = against({"RCPT": ["450 later"], "BODY": ["421 going down", HANG_UP]})
    assert [mailer.send(MAIL).ok for _try in range(4)] == [False, False, False, True]
    assert len(server.taken) == 1
    assert server.connections == 3, "kept after the refusal, opened anew after each end"


def test_a_hundred_mails_take_few_connections(against):
    server, mailer = against({}, SMTP_CONNECTIONS="3")
    workers = [threading.Thread(target=lambda: [mailer.send(MAIL) for _mail in range(10)]) for _worker in range(10)]
    for one in workers:
        one.start()
    for one in workers:
        one.join()
    assert len(server.taken) == 100
    assert server.connections <= 3


@pytest.mark.parametrize(
    ("says", "offers", "env", "said", "answer"),
    [
        ({"RCPT": "450 4.2.0 greylisted"}, (), {}, "S 450 4.2.0 greylisted", "450 4.2.0 greylisted"),
        ({"STARTTLS": "454 no TLS"}, ("STARTTLS",), {}, "* ended: 454 no TLS", "454 no TLS"),
        ({"STARTTLS": GARBAGE}, ("STARTTLS",), {}, "* ended: (no SMTP) not TLS at all", "(no SMTP) not TLS at all"),
        ({"AUTH": "535 5.7.8 wrong"}, ("AUTH PLAIN",), SIGN_IN, "* ended: 535 5.7.8 wrong", "does not let us in: 535 5.7.8 wrong"),
        ({}, (), SIGN_IN, "* ended: SMTP AUTH extension not supported by server.", "offers no way to sign in"),
        ({"BODY": HANG_UP}, (), {}, "* ended: Connection unexpectedly closed", "hung up, or did not answer in time"),
        ({"BODY": SILENCE}, (), {"SMTP_TIMEOUT": "2"}, "* ended: Connection unexpectedly closed: timed out", "hung up, or did not answer in time"),
        ({"GREETING": "554 go away"}, (), {}, "* ended: 554 go away", "554 go away"),
    ],
)  # fmt: skip
def test_the_dialogue_and_the_log_say_how_each_fault_came(against, says, offers, env, said, answer):
    lines = []
    _server, mailer = against(says, offers=offers, listen=lines.append, **env)
    receipt = mailer.send(MAIL)
    mailer.close()
    assert answer in receipt.answer
    assert said in lines
    if said.startswith("*"):
        assert lines[-1] == said, "nothing is said on a line that ended"
    assert SIGN_IN["SMTP_PASSWORD"] not in "".join([*lines, receipt.answer])
