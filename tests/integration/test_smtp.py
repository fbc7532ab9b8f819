"""SmtpMailer against real mail servers on the loopback: TLS, sign-in, refusals, dead hosts."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import email
import ipaddress
import re
import socket
import ssl
import threading
from email import policy
from email.header import decode_header, make_header
from email.utils import getaddresses
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from llmio.core.ports import Mail, SystemClock
from llmio.core.settings import load
from llmio.embedded.ports import free_port
from llmio.mail.settings import SETTINGS
from llmio.mail.smtp import SmtpMailer
from llmio.mail.talk import MASK

MAIL = Mail(
    to=("Zoë Müller", "zoe@example.org"),
    sender=("Ada via llmio", "notifications@example.org"),
    subject="Grüße an alle",
    text="Hallo Zoë\n.\nEnde\n",
    html="<p>Hallo Zoë</p>",
    message_id="<event-1@example.org>",
    reply_to=("Thread", "reply@example.org"),
    headers={"Precedence": "bulk", "List-Unsubscribe": "<https://example.org/u>"},
)


class Recorder:
    """Keeps what comes; answers as told."""

    def __init__(self):
        self.mails = []
        self.raw = []
        self.logins = []
        self.answers = {}
        self.connections = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.connections += 1
        self.helo = session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        if refused := self.answers.get("MAIL"):
            return refused
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if refused := self.answers.get("RCPT"):
            return refused
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if refused := self.answers.get("DATA"):
            return refused
        self.raw.append(envelope.content)
        message = email.message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append(SimpleNamespace(sender=envelope.mail_from, to=envelope.rcpt_tos, message=message,
                                          encrypted=session.ssl is not None))  # fmt: skip
        return "250 accepted"

    def authenticate(self, server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and data == LoginPassword(b"llmio", b"secret")
        self.logins.append((mechanism, right))
        return AuthResult(success=right, handled=right)


@pytest.fixture
def serve():
    """`serve(**options)`: a mail server; its recorder and the settings with which to reach it."""
    with contextlib.ExitStack() as stack:

        def made(controller=Controller, **options):
            recorder = Recorder()
            if options.pop("auth", False):
                options |= {"authenticator": recorder.authenticate}
            server = controller(recorder, hostname="127.0.0.1", port=free_port(), **options)
            server.start()
            stack.callback(server.stop)
            return recorder, {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(server.port), "SMTP_TIMEOUT": "60"}

        yield made


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A server's certificate for 127.0.0.1, which nobody trusts but who is told to by SSL_CERT_FILE."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.example.org")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    context.cert_path = str(folder / "cert.pem")
    return context


@pytest.fixture
def trusted(certificate, monkeypatch):
    """The same, trusted by this machine."""
    monkeypatch.setenv("SSL_CERT_FILE", certificate.cert_path)
    return certificate


def mailer(env, **more):
    settings = load([*SETTINGS, *site_settings()], {}, {**env, **more})
    assert settings.faults == []
    return SmtpMailer(settings, SystemClock())


def site_settings():
    from llmio.core.declared import SETTINGS as CORE

    return [item for item in CORE if item.key.startswith("site.")]


def test_mail_arrives_whole(serve):
    recorder, env = serve()
    receipt = mailer(env).send(MAIL)
    assert (receipt.ok, receipt.answer) == (True, "250 accepted")
    mail = recorder.mails[0]
    message = mail.message
    assert (mail.sender, mail.to) == ("notifications@example.org", ["zoe@example.org"])
    assert message["From"] == "Ada via llmio <notifications@example.org>"
    assert message["To"].addresses[0].display_name == "Zoë Müller"
    assert message["Subject"] == "Grüße an alle"
    assert message["Message-ID"] == "<event-1@example.org>"
    assert message["Reply-To"] == "Thread <reply@example.org>"
    assert message["Precedence"] == "bulk"
    assert message["List-Unsubscribe"] == "<https://example.org/u>"
    assert message["Date"].datetime.tzinfo is not None
    assert message.get_body(("plain",)).get_content().replace("\r\n", "\n") == "Hallo Zoë\n.\nEnde\n"
    assert message.get_body(("html",)).get_content().strip() == "<p>Hallo Zoë</p>"
    assert recorder.helo == "localhost"


def test_connection_is_kept_for_the_next_mail_and_opened_anew_when_dead(serve):
    recorder, env = serve()
    sender = mailer(env, SMTP_DOMAIN="mail.example.org")
    assert all(sender.send(MAIL).ok for _ in range(3))
    assert (recorder.connections, recorder.helo) == (1, "mail.example.org")
    sender._idle[0].smtp.sock.shutdown(socket.SHUT_RDWR)
    assert sender.send(MAIL).ok
    assert recorder.connections == 2
    assert len(recorder.mails) == 4


def test_threads_share_a_few_connections(serve):
    recorder, env = serve()
    sender = mailer(env, SMTP_CONNECTIONS="2")
    receipts = []
    threads = [threading.Thread(target=lambda: receipts.append(sender.send(MAIL))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [receipt.ok for receipt in receipts] == [True] * 8
    assert len(recorder.mails) == 8
    assert 1 <= recorder.connections <= 2
    sender.close()
    assert sender.send(MAIL).ok


def test_mail_waits_for_a_free_connection_no_longer_than_the_time_out(serve, monkeypatch):
    _recorder, env = serve()
    sender = mailer(env, SMTP_CONNECTIONS="1")
    with sender._line(), monkeypatch.context() as meanwhile:
        meanwhile.setitem(sender._settings.values, "mail.timeout", 0.1)
        receipt = sender.send(MAIL)
    assert (receipt.ok, receipt.permanent) == (False, False)
    assert "busy" in receipt.answer
    assert sender.send(MAIL).ok


@pytest.mark.parametrize(
    ("stage", "answer", "permanent"),
    [
        ("RCPT", "550 no such user", True),
        ("RCPT", "450 mailbox busy", False),
        ("MAIL", "553 not from you", True),
        ("MAIL", "451 later", False),
        ("DATA", "554 looks like spam", True),
        ("DATA", "452 no room", False),
    ],
)
def test_refusals_are_told_apart(serve, stage, answer, permanent):
    recorder, env = serve()
    sender = mailer(env)
    recorder.answers = {stage: answer}
    receipt = sender.send(MAIL)
    assert (receipt.ok, receipt.permanent, receipt.answer) == (False, permanent, answer)
    recorder.answers = {}
    assert sender.send(MAIL).ok, "one refusal must not spoil the next mail"


def test_a_refusal_keeps_the_connection(serve):
    recorder, env = serve()
    sender = mailer(env)
    recorder.answers = {"RCPT": "550 5.1.1 no such user"}
    assert not sender.send(MAIL).ok
    recorder.answers = {}
    assert sender.send(MAIL).ok
    assert recorder.connections == 1


@pytest.mark.parametrize(
    ("stage", "answer", "bounced"),
    [
        ("RCPT", "550 5.1.1 The email account that you tried to reach does not exist", True),
        ("RCPT", "550 5.2.1 mailbox disabled", True),
        ("RCPT", "550 No such user here", True),
        ("RCPT", "553 Unknown user zoe", True),
        ("RCPT", "550 5.7.1 relaying denied", False),
        ("RCPT", "554 5.7.1 blocked by policy: account unknown to us", False),
        ("RCPT", "550 relay not permitted", False),
        ("RCPT", "552 5.2.2 mailbox full", False),
        ("RCPT", "450 4.1.1 user unknown for now", False),
        ("MAIL", "550 5.1.1 no such user", False),
        ("DATA", "550 5.1.1 no such user", False),
    ],
)
def test_only_a_refusal_of_the_address_itself_counts_as_a_bounce(serve, stage, answer, bounced):
    recorder, env = serve()
    recorder.answers = {stage: answer}
    receipt = mailer(env).send(MAIL)
    assert (receipt.ok, receipt.bounced) == (False, bounced)


def test_starttls_is_used_where_offered(serve, trusted):
    recorder, env = serve(tls_context=trusted)
    assert mailer(env).send(MAIL).ok
    assert recorder.mails[0].encrypted


def test_a_password_is_not_sent_in_the_clear_over_a_network(serve, monkeypatch):
    recorder, env = serve(auth=True, auth_require_tls=False)
    monkeypatch.setattr("llmio.mail.smtp._is_loopback", lambda _smtp: False)  # the only network here is the loopback
    who = {"SMTP_USERNAME": "llmio", "SMTP_PASSWORD": "secret"}
    receipt = mailer(env, **who).send(MAIL)
    assert (receipt.ok, receipt.permanent, recorder.logins) == (False, False, [])
    assert "no encryption" in receipt.answer
    assert mailer(env, SMTP_SSL_VERIFY_MODE="none", **who).send(MAIL).ok


def test_the_dialogue_is_told_without_its_secrets(serve, trusted):
    _recorder, env = serve(auth=True, auth_required=True, tls_context=trusted)
    told = []
    for mechanism in ("plain", "login"):
        settings = load([*SETTINGS, *site_settings()], {}, {
            **env, "SMTP_USERNAME": "llmio", "SMTP_PASSWORD": "secret", "SMTP_AUTH": mechanism})  # fmt: skip
        assert SmtpMailer(settings, SystemClock(), told.append).send(MAIL).ok
    text = "\n".join(told)
    assert "S 220 " in text
    assert "C STARTTLS" in text
    assert "* encrypted (TLSv1.3); its certificate is good" in text
    assert f"C AUTH PLAIN {MASK}" in text
    assert "C rcpt TO:<zoe@example.org>" in text
    assert "S 250 accepted" in text
    for secret in (b"\0llmio\0secret", b"secret", b"llmio"):
        assert base64.b64encode(secret).decode() not in text
    assert "Hallo" not in text


class Encrypted(Controller):
    """TLS from the first byte."""

    def __init__(self, handler, *, hostname, port, context):
        super().__init__(handler, hostname=hostname, port=port, ssl_context=context)

    def _trigger_server(self):
        """Connect once, encrypted, as the base class does in the clear."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with (
            contextlib.closing(socket.create_connection((self.hostname, self.port), 60)) as plain,
            context.wrap_socket(plain) as line,
        ):
            line.recv(1024)


def test_tls_from_the_first_byte(serve, trusted):
    recorder, env = serve(Encrypted, context=trusted)
    assert mailer(env, SMTP_USE_SSL="1").send(MAIL).ok
    assert recorder.mails[0].message["Subject"] == "Grüße an alle"


@pytest.mark.parametrize("implicit", [False, True])
def test_server_that_cannot_prove_its_name_is_refused_unless_that_is_switched_off(serve, certificate, implicit):
    recorder, env = serve(Encrypted, context=certificate) if implicit else serve(tls_context=certificate)
    how = {"SMTP_USE_SSL": "1"} if implicit else {}
    sender = mailer(env, **how)
    receipt = sender.send(MAIL)
    assert (receipt.ok, receipt.permanent) == (False, False)
    assert "certificate" in receipt.answer
    assert recorder.mails == []
    assert mailer(env, SMTP_SSL_VERIFY_MODE="none", **how).send(MAIL).ok


@pytest.mark.parametrize(("mechanism", "used"), [("", "LOGIN PLAIN"), ("plain", "PLAIN"), ("login", "LOGIN")])
def test_signing_in_at_the_server(serve, trusted, mechanism, used):
    recorder, env = serve(auth=True, auth_required=True, tls_context=trusted)
    sender = mailer(env, SMTP_USERNAME="llmio", SMTP_PASSWORD="secret", SMTP_AUTH=mechanism)
    assert sender.send(MAIL).ok
    assert recorder.logins[0][0] in used
    assert recorder.logins[0][1] is True


def test_wrong_password_may_be_mended(serve, trusted):
    recorder, env = serve(auth=True, auth_required=True, tls_context=trusted)
    receipt = mailer(env, SMTP_USERNAME="llmio", SMTP_PASSWORD="wrong").send(MAIL)
    assert (receipt.ok, receipt.permanent) == (False, False)
    assert "535" in receipt.answer
    assert "wrong" not in receipt.answer
    assert recorder.mails == []


def test_dead_host_is_a_passing_fault():
    receipt = mailer({"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(free_port())}).send(MAIL)
    assert (receipt.ok, receipt.permanent) == (False, False)
    assert "cannot be reached" in receipt.answer


def test_silent_host_is_given_up_after_the_time_out():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        env = {"SMTP_SERVER": "127.0.0.1", "SMTP_PORT": str(silent.getsockname()[1]), "SMTP_TIMEOUT": "0.2"}
        receipt = mailer(env).send(MAIL)
    assert (receipt.ok, receipt.permanent) == (False, False)


def test_without_server_mail_waits():
    receipt = mailer({}).send(MAIL)
    assert (receipt.ok, receipt.permanent) == (False, False)
    assert "SMTP_SERVER" in receipt.answer


@pytest.mark.parametrize(
    "broken",
    [
        {"to": ("Zoë", "zoe@example.org\r\nBcc: all@example.org")},
        {"to": ("Zoë", "zoe@example.org, bob@example.org")},
        {"to": ("Zoë", "nobody")},
        {"to": ("Zoë", "")},
        {"sender": ("Ada", "@example.org")},
        {"headers": {"Bcc": "all@example.org"}},
        {"headers": {"X-A: b\r\nBcc": "all@example.org"}},
        {"headers": {"From": "mallory@example.org"}},
    ],
)
def test_addresses_and_headers_that_are_none_are_refused(serve, broken):
    recorder, env = serve()
    from dataclasses import replace

    receipt = mailer(env).send(replace(MAIL, **broken))
    assert (receipt.ok, receipt.permanent) == (False, True)
    assert recorder.mails == []


@pytest.mark.parametrize(
    "injected",
    [
        {"subject": "Hi\r\nBcc: all@example.org"},
        {"to": ("Zoë\r\nBcc: all@example.org", "zoe@example.org")},
        {"sender": ("Ada\nBcc: all@example.org", "notifications@example.org")},
        {"headers": {"List-Unsubscribe": "<https://example.org/u>\r\nBcc: all@example.org"}},
        {"message_id": "<a@example.org>\r\nBcc: all@example.org"},
    ],
)
def test_line_breaks_become_no_headers(serve, injected):
    from dataclasses import replace

    recorder, env = serve()
    receipt = mailer(env).send(replace(MAIL, **injected))
    assert receipt.ok
    assert recorder.mails[0].message["Bcc"] is None
    assert recorder.mails[0].to == ["zoe@example.org"]


LONG_HOST = "decide.city-council-of-a-town-with-a-long-name.example.org"
READ_BY_PROGRAMS = {
    "List-Unsubscribe": f"<https://{LONG_HOST}/unsubscribe/AbCdEfGhIjKlMnOpQrSt/discussion/1234567>",
    "In-Reply-To": f"<event-123456-email-12345@{LONG_HOST}>",
    "References": " ".join(f"<event-12345{n}-email-12345@{LONG_HOST}>" for n in range(3)),
}


def test_headers_that_programs_read_travel_as_they_are_however_long(serve):
    from dataclasses import replace

    recorder, env = serve()
    named = f"<destroy-group-123456-1795692474-1234567@{LONG_HOST}>"
    assert mailer(env).send(replace(MAIL, headers=READ_BY_PROGRAMS, message_id=named)).ok
    raw = recorder.raw[0].partition(b"\r\n\r\n")[0]
    wanted = READ_BY_PROGRAMS | {"Message-ID": named}
    lines = re.sub(rb"\r\n(?=[ \t])", b"", raw).decode().split("\r\n")
    assert {name: value for name, _, value in (line.partition(": ") for line in lines) if name in wanted} == wanted
    assert max(map(len, raw.split(b"\r\n"))) < 200


@pytest.mark.parametrize(
    "name",
    [
        'Smith, "John" <boss@bank.example>, ' * 4,
        "Ann (Accounts; Receivable), Department of Everything That Is Owed, Third Floor, Room 5",
        "Ann Lee, Ltd.",
        'Say "hi" \\ bye',
        "Zoë Müller, " * 12,
        "مجموعة" * 20,
        "x" * 150,
        "=?utf-8?q?Boss?=",
        "",
    ],
)
def test_a_name_stays_a_name_whatever_is_in_it(serve, name):
    from dataclasses import replace

    recorder, env = serve()
    mail = replace(
        MAIL,
        to=(name, "zoe@example.org"),
        sender=(name, "n@example.org"),
        reply_to=(name, f"d=1&u=2&k=abc@{LONG_HOST}"),
    )
    assert mailer(env).send(mail).ok
    raw = email.message_from_bytes(recorder.raw[0])
    for header, address in (
        ("From", "n@example.org"),
        ("To", "zoe@example.org"),
        ("Reply-To", f"d=1&u=2&k=abc@{LONG_HOST}"),
    ):
        ((phrase, found),) = getaddresses([raw[header].replace("\r\n", "")])
        assert found == address
        assert str(make_header(decode_header(phrase))) == " ".join(name.split())


@pytest.mark.parametrize("mark", ["\u202e", "\u202d", "\u2066", "\x85", "\x1b", "\ufeff"])
def test_marks_that_turn_or_hide_words_reach_no_header(serve, mark):
    """Where words run backwards a name passes for another one."""
    from dataclasses import replace

    recorder, env = serve()
    mail = replace(
        MAIL,
        subject=f"Pay{mark} up",
        to=(f"Zoë{mark}", "zoe@example.org"),
        sender=(f"A{mark}nn via llmio", "n@example.org"),
    )
    assert mailer(env).send(mail).ok
    message = recorder.mails[0].message
    assert mark not in message["Subject"] + message["To"] + message["From"]
    assert message["Subject"].replace(" ", "") == "Payup"
    assert recorder.mails[0].message["To"].addresses[0].display_name == "Zoë"
