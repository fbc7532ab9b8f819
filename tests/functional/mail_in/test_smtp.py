"""The built-in SMTP server, spoken to by a real client, asking a real DNS server about senders."""

from __future__ import annotations

import asyncio
import datetime as dt
import importlib.util
import smtplib
import socket
import ssl
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import dkim
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import select

from llmio.discussions.models import Comment, Discussion
from llmio.mail.incoming import smtpd
from llmio.mail.incoming.dns import DnsResolver
from llmio.mail.incoming.models import IncomingMail
from llmio.mail.models import ReceivedEmail
from tests.processes import PATIENCE

spec = importlib.util.spec_from_file_location("nameserver", Path(__file__).parent / "nameserver.py")
nameserver = importlib.util.module_from_spec(spec)
spec.loader.exec_module(nameserver)
HOST = "reply.example.net"
GROUP = f"kitchen@{HOST}"


@pytest.fixture(scope="session")
def keypair():
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return key, private, "".join(public.decode().splitlines()[1:-1])


@pytest.fixture(scope="session")
def name_server():
    zone = nameserver.Zone()
    server, port = nameserver.serve(zone)
    yield zone, port
    server.stop()


@pytest.fixture
def zone(name_server):
    found, _port = name_server
    found.records.clear()
    found.broken.clear()
    return found


@contextmanager
def running(app, port_of_dns):
    """The server in a thread with its own loop; gives its port."""
    ready, box = threading.Event(), {}

    def run():
        async def serve():
            server = await smtpd.listen(
                app, "127.0.0.1", 0, DnsResolver([f"127.0.0.1:{port_of_dns}"], timeout=PATIENCE)
            )
            box.update(port=server.sockets[0].getsockname()[1], loop=asyncio.get_running_loop(), end=asyncio.Event())
            ready.set()
            await box["end"].wait()
            server.close()

        asyncio.run(serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    yield box["port"]
    box["loop"].call_soon_threadsafe(box["end"].set)
    thread.join(PATIENCE)


@pytest.fixture
def server(app, mail_host, zone, name_server, monkeypatch):
    monkeypatch.setitem(app.settings.values, "mail.inbound_max_bytes", 3 << 20)
    with running(app, name_server[1]) as port:
        yield port


@pytest.fixture
def send(server, db, run_jobs, scene):
    """`send(message)`: over SMTP, from 127.0.0.1; then jobs run."""

    def sent(message, to=GROUP, *, mail_from="ada@example.org", helo="client.example.org"):
        db.flush()
        raw = message if isinstance(message, bytes) else message.as_bytes()
        with smtplib.SMTP("127.0.0.1", server, local_hostname=helo, timeout=PATIENCE) as client:
            client.sendmail(mail_from, to, raw)
        run_jobs()
        db.expire_all()

    return sent


def titles(db):
    return list(db.scalars(select(Discussion.title).where(Discussion.title != "Lunch").order_by(Discussion.id)))


def signed(message, keypair, domain="example.org", **how):
    raw = message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return dkim.sign(raw, b"s1", domain.encode(), keypair[1], include_headers=[b"from", b"subject"], **how) + raw


# -- those who come to hold the door --------------------------------------------------------------------------------------


def test_idle_connections_of_one_client_leave_room_for_others(server, monkeypatch):
    monkeypatch.setattr(smtpd, "MOST_OF_ONE_ADDRESS", 3)
    lines = [socket.create_connection(("127.0.0.1", server), timeout=PATIENCE) for _number in range(5)]
    greetings = [one.makefile("rb").readline()[:3] for one in lines]
    assert greetings == [b"220"] * 3 + [b"421"] * 2
    lines[0].close()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with socket.create_connection(("127.0.0.1", server), timeout=PATIENCE) as one:
            if one.makefile("rb").readline().startswith(b"220"):
                break
    else:
        raise AssertionError("the place of who went is not given to another")
    for one in lines:
        one.close()


# -- who may write to whom -----------------------------------------------------------------------------------------------


def test_answer_with_a_key_is_posted_whoever_sent_it(scene, send, letter, db):
    to = f"d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda01@{HOST}"
    send(letter(to, sender="x@unproved.example"), to, mail_from="x@unproved.example")
    assert db.scalars(select(Comment.body)).all() == ["Yes, let us do that."]


def test_blind_copy_is_routed_by_the_envelope(scene, send, letter, db, zone):
    zone.add("example.org", "TXT", "v=spf1 ip4:127.0.0.1 -all")
    send(letter("friends@elsewhere.example", subject="Blind"), GROUP)
    assert titles(db) == ["Blind"]


@pytest.mark.parametrize(
    "to", ["x@gmail.com", f"x@sub.{HOST}", "postmaster", "x@localhost", f'"x@{HOST}"@evil.example']
)
def test_it_is_no_relay(server, to):
    with smtplib.SMTP("127.0.0.1", server, timeout=PATIENCE) as client:
        client.ehlo()
        client.mail("a@b.example")
        code, _words = client.rcpt(to)
        assert code in (501, 550)
        assert client.docmd("DATA")[0] == 503


def test_too_large_is_refused_by_announcement_and_by_count(server, db):
    big = b"Subject: x\r\n\r\n" + b"x" * 998 * 3200
    with smtplib.SMTP("127.0.0.1", server, timeout=PATIENCE) as client:
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("a@b.example", GROUP, big + b"y" * (1 << 20))
        assert refused.value.smtp_code == 552
    with smtplib.SMTP("127.0.0.1", server, timeout=PATIENCE) as client:
        client.ehlo()
        client.mail("a@b.example")
        client.rcpt(GROUP)
        code, _words = client.data(big + b"\r\ny" * (1 << 20))
        assert code == 552
        assert client.noop()[0] == 250
    assert db.scalars(select(IncomingMail)).all() == []


def test_dots_and_long_lines_arrive_as_they_were(scene, send, letter, db):
    to = f"d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda01@{HOST}"
    long = "w" * 5000
    raw = f"From: a@b.c\r\nTo: {to}\r\nMessage-ID: <d@d>\r\n\r\n.dot\r\n..two\r\n{long}\r\nend\r\n".encode()
    send(raw, to)
    assert db.scalars(select(Comment.body)).one() == f".dot\n..two\n{long}\nend"


def test_bare_line_feed_does_not_end_a_mail(server, scene, db, run_jobs):
    to = f"d={scene.thread.id}&u={scene.ada.id}&k=KeyOfAda01@{HOST}"
    db.flush()
    with socket.create_connection(("127.0.0.1", server), PATIENCE) as line, line.makefile("rb") as answers:
        answers.readline()
        for command in (b"HELO c", b"MAIL FROM:<a@b.c>", f"RCPT TO:<{to}>".encode(), b"DATA"):
            line.sendall(command + b"\r\n")
            answers.readline()
        smuggled = b"Hello\n.\nMAIL FROM:<admin@x>\nRCPT TO:<y@x>\nDATA\nbad"
        line.sendall(b"From: a@b.c\r\nTo: " + to.encode() + b"\r\n\r\n" + smuggled + b"\r\n.\r\n")
        assert answers.readline().startswith(b"250")
    run_jobs()
    assert len(db.scalars(select(Comment)).all()) == 1


@pytest.mark.parametrize("address", [b"\xff@reply.example.net", b"kit\0chen@reply.example.net"])
def test_an_address_that_is_none_is_refused_and_the_others_are_served(server, scene, db, address):
    db.flush()
    with socket.create_connection(("127.0.0.1", server), PATIENCE) as line, line.makefile("rb") as answers:
        said = [answers.readline()]
        for command in (
            b"HELO c",
            b"MAIL FROM:<a@b.c>",
            b"RCPT TO:<" + address + b">",
            f"RCPT TO:<{GROUP}>".encode(),
            b"DATA",
        ):
            line.sendall(command + b"\r\n")
            said.append(answers.readline())
        line.sendall(b"From: a@b.c\r\nMessage-ID: <odd@x>\r\n\r\nHello\r\n.\r\n")
        said.append(answers.readline())
    assert [one[:3] for one in said] == [b"220", b"250", b"250", b"553", b"250", b"354", b"250"]
    assert db.scalars(select(IncomingMail.recipients)).all() == [[GROUP]]


def test_half_a_mail_is_no_mail(server, db):
    with socket.create_connection(("127.0.0.1", server), PATIENCE) as line, line.makefile("rb") as answers:
        answers.readline()
        for command in (b"HELO c", b"MAIL FROM:<a@b.c>", f"RCPT TO:<{GROUP}>".encode(), b"DATA"):
            line.sendall(command + b"\r\n")
            answers.readline()
        line.sendall(b"From: a@b.c\r\n\r\nHalf")
    with smtplib.SMTP("127.0.0.1", server, timeout=PATIENCE) as client:
        client.noop()
    assert db.scalars(select(IncomingMail)).all() == []


# -- who is believed -----------------------------------------------------------------------------------------------------


def test_spf_proves_the_sender(scene, send, letter, db, zone):
    zone.add("example.org", "TXT", "v=spf1 a:mail.example.org -all")
    zone.add("mail.example.org", "A", "127.0.0.1")
    send(letter(GROUP, subject="Proved"))
    assert titles(db) == ["Proved"]
    row = db.scalars(select(ReceivedEmail)).one()
    assert (row.spf_valid, row.dkim_valid) == (True, False)


def test_nothing_published_proves_nothing(scene, send, letter, db):
    send(letter(GROUP, subject="Unproved"))
    assert titles(db) == []
    assert db.scalars(select(ReceivedEmail.released)).all() == [False]


def test_spf_of_another_domain_does_not_speak_for_from(scene, send, letter, db, zone):
    zone.add("evil.example", "TXT", "v=spf1 ip4:127.0.0.1 -all")
    send(letter(GROUP), mail_from="x@evil.example")
    assert titles(db) == []


def test_failing_spf(scene, send, letter, db, zone):
    zone.add("example.org", "TXT", "v=spf1 ip4:192.0.2.1 -all")
    send(letter(GROUP))
    assert titles(db) == []


@pytest.mark.parametrize("canonicalize", [(b"relaxed", b"relaxed"), (b"simple", b"simple"), (b"relaxed", b"simple")])
def test_dkim_proves_the_sender(scene, send, letter, db, zone, keypair, canonicalize):
    zone.add("s1._domainkey.example.org", "TXT", f"v=DKIM1; k=rsa; p={keypair[2]}")
    text = "Signed   text \n\n  with\todd blanks  \n\n\n"
    send(signed(letter(GROUP, text, subject="Signed"), keypair, canonicalize=canonicalize), mail_from="b@list.example")
    assert titles(db) == ["Signed"]
    assert db.scalars(select(ReceivedEmail.dkim_valid)).all() == [True]


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw.replace(b"let us", b"let me"),
        lambda raw: raw.replace(b"Subject: Re: Lunch", b"Subject: Re: Other"),
        lambda raw: raw + b"more\r\n",
        lambda raw: b"From: Ben <ben@example.org>\r\n" + raw,
    ],
)
def test_changed_mail_is_not_proved_by_its_signature(scene, send, letter, db, zone, keypair, damage):
    zone.add("s1._domainkey.example.org", "TXT", f"v=DKIM1; k=rsa; p={keypair[2]}")
    send(damage(signed(letter(GROUP), keypair)), mail_from="b@list.example")
    assert titles(db) == []


def test_signed_beginning_proves_nothing_of_the_rest(scene, send, letter, db, zone, keypair):
    zone.add("s1._domainkey.example.org", "TXT", f"v=DKIM1; k=rsa; p={keypair[2]}")
    send(signed(letter(GROUP), keypair, length=True) + b"and more\r\n", mail_from="b@list.example")
    assert titles(db) == []


def test_dmarc_alignment_relaxed_and_strict(scene, send, letter, db, zone, keypair):
    zone.add("s1._domainkey.mail.example.org", "TXT", f"v=DKIM1; k=rsa; p={keypair[2]}")
    zone.add("_dmarc.example.org", "TXT", "v=DMARC1; p=reject")
    send(signed(letter(GROUP, subject="Relaxed"), keypair, "mail.example.org"), mail_from="b@list.example")
    assert titles(db) == ["Relaxed"]
    zone.records["_dmarc.example.org", "TXT"] = ["v=DMARC1; p=reject; adkim=s"]
    send(signed(letter(GROUP, subject="Strict"), keypair, "mail.example.org"), mail_from="b@list.example")
    assert titles(db) == ["Relaxed"]


def test_header_of_a_relay_is_not_believed_here(scene, send, letter, db):
    send(letter(GROUP, harakadata='{"spf": "pass", "dkim": "pass", "dmarc": "pass"}'))
    assert titles(db) == []


def test_dns_that_fails_loses_nothing(scene, send, letter, db, zone):
    zone.broken |= {"example.org", "_dmarc.example.org"}
    send(letter(GROUP))
    assert titles(db) == []
    assert db.scalars(select(ReceivedEmail.released)).all() == [False]


# -- what may go wrong ---------------------------------------------------------------------------------------------------


def test_database_that_is_down_puts_the_mail_off(server, app, letter, monkeypatch, db):
    from sqlalchemy import create_engine

    from llmio.core.db import session_factory

    gone = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none", connect_args={"connect_timeout": 2})
    with monkeypatch.context() as patch:
        patch.setattr(app, "sessions", session_factory(gone))
        with smtplib.SMTP("127.0.0.1", server, timeout=PATIENCE) as client:
            with pytest.raises(smtplib.SMTPDataError) as refused:
                client.sendmail("a@b.example", GROUP, letter(GROUP).as_bytes())
            assert refused.value.smtp_code == 451
    with smtplib.SMTP("127.0.0.1", server, timeout=PATIENCE) as client:
        client.sendmail("a@b.example", GROUP, letter(GROUP).as_bytes())
    assert len(db.scalars(select(IncomingMail)).all()) == 1


def test_fault_of_ours_puts_the_mail_off(server, letter, monkeypatch, db):
    def fails(*_args):
        raise RuntimeError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(smtpd.proof, "check", fails)
        with (
            smtplib.SMTP("127.0.0.1", server, timeout=PATIENCE) as client,
            pytest.raises(smtplib.SMTPDataError) as refused,
        ):
            client.sendmail("a@b.example", GROUP, letter(GROUP).as_bytes())
        assert refused.value.smtp_code == 451


def test_circles_end(server, letter):
    message = b"Received: from a by b\r\n" * 60 + letter(GROUP).as_bytes()
    with smtplib.SMTP("127.0.0.1", server, timeout=PATIENCE) as client, pytest.raises(smtplib.SMTPDataError) as refused:
        client.sendmail("a@b.example", GROUP, message)
    assert refused.value.smtp_code == 554


@pytest.fixture
def encrypting(app, mail_host, tmp_path, keypair, monkeypatch):
    """The server has a certificate; what a client needs to believe it."""
    key, private, _public = keypair
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (tmp_path / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(private)
    monkeypatch.setitem(app.settings.values, "mail.smtpd_certificate", str(tmp_path / "cert.pem"))
    monkeypatch.setitem(app.settings.values, "mail.smtpd_key", str(tmp_path / "key.pem"))
    return ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))


def test_starttls_with_the_operators_certificate(app, encrypting, name_server, letter, db):
    with running(app, name_server[1]) as port, smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client:
        client._host = HOST
        client.starttls(context=encrypting)
        client.sendmail("a@b.example", GROUP, letter(GROUP).as_bytes())
    assert len(db.scalars(select(IncomingMail)).all()) == 1


def test_what_came_before_the_encryption_does_not_count_after_it(encrypting, name_server, app):
    """A stranger on the line could put it in front of what the client says (RFC 3207, 6)."""
    with running(app, name_server[1]) as port, socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as line:
        said = line.makefile("rb")
        line.sendall(b"EHLO x\r\nSTARTTLS\r\nMAIL FROM:<slipped@in.example>\r\nRCPT TO:<%b>\r\n" % GROUP.encode())
        assert next(one for one in said if one.startswith(b"220 ") and b"TLS" in one)
        with encrypting.wrap_socket(line, server_hostname=HOST) as safe:
            safe.sendall(b"EHLO y\r\nDATA\r\nQUIT\r\n")
            codes = [one[:4] for one in safe.makefile("rb")]
    assert codes[0] == b"250-", "the answer to EHLO, and to nothing before it"
    assert codes[-3:] == [b"250 ", b"503 ", b"221 "]


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("mail.reply_host", "", "REPLY_HOSTNAME is not set"),
        ("mail.smtpd_certificate", "/nowhere/cert.pem", "cannot be used"),
    ],
)
def test_settings_that_cannot_work_are_named(app, mail_host, monkeypatch, setting, value, words):
    monkeypatch.setitem(app.settings.values, "mail.old_reply_host", ())
    monkeypatch.setitem(app.settings.values, setting, value)
    with pytest.raises(smtpd.Unavailable, match=words):
        smtpd.made(app)
