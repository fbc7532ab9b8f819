"""A whole site on this machine: PostgreSQL, Valkey, mail server, DNS, web server, live channel, a proxy with TLS in front."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import ipaddress
import json
import os
import ssl
import subprocess
import sys
import threading
from dataclasses import replace
from socketserver import ThreadingMixIn
from types import SimpleNamespace
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import text
from websockets.sync.server import serve as serve_websocket

from llmio.cli.doctor import database, live, proxy, running, state
from llmio.cli.doctor import redis as redis_check
from llmio.cli.doctor import site as site_of_doctor
from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from llmio.embedded.valkey import Valkey
from llmio.testing.plugin import SECRET
from llmio.testing.servers import engine_of
from tests.commands import run_command
from tests.forked import ROOT
from tests.functional.doctor.front import Front
from tests.functional.mail_in import nameserver
from tests.processes import PATIENCE

DOMAIN = "site.example"
REPLY = "reply.site.example"
PASSWORD = "smtp-secret"


def make_certificate(folder, *names, days=90):
    """A context for a server, with a certificate that nobody trusts but who is told to by SSL_CERT_FILE."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "llmio test")])
    now = dt.datetime.now(dt.UTC)
    others = [x509.DNSName(one) for one in names]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=2))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([*others, x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context, str(folder / "cert.pem")


def vapid():
    """A pair of keys for push messages, as `web-push` writes them."""
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    number = key.private_numbers().private_value.to_bytes(32)
    return {
        "VAPID_PUBLIC_KEY": base64.urlsafe_b64encode(point).decode().rstrip("="),
        "VAPID_PRIVATE_KEY": base64.urlsafe_b64encode(number).decode().rstrip("="),
    }


class Letters:
    """A mail server's manners: lets one user in."""

    def authenticate(self, server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and data == LoginPassword(b"llmio", PASSWORD.encode())
        return AuthResult(success=right, handled=right)


@contextlib.contextmanager
def mail_server(**options):
    """Its port."""
    letters = Letters()
    port = free_port()
    controller = Controller(
        letters, hostname="127.0.0.1", port=port, authenticator=letters.authenticate, ready_timeout=PATIENCE, **options
    )
    controller.start()
    try:
        yield str(port)
    finally:
        controller.stop()


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 64


class Quiet(WSGIRequestHandler):
    def log_message(self, *_args):
        pass


@contextlib.contextmanager
def web_server(env):
    """The site's own pages over HTTP; its port."""
    from llmio import boot, web

    app = boot.build(env=env)
    server = make_server("127.0.0.1", 0, web.assemble(app), server_class=Threaded, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        app.engine.dispose()


@contextlib.contextmanager
def live_channel(valkey, origin, folder):
    """`llmio channels` as a process; its port."""
    port = free_port()
    env = {"PATH": os.environ["PATH"], "REDIS_URL": valkey.url(), "PUBLIC_APP_URL": origin, "LLMIO_ENV": "testing",
           "CHANNELS_PORT": str(port), "LLMIO_DATA": str(folder)}  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "llmio", "channels"], cwd=ROOT, env=env)
    try:
        with redis.Redis.from_url(valkey.url()) as asking:
            ready = lambda: dict(asking.pubsub_numsub("/records"))[b"/records"] > 0 or process.poll() is not None  # noqa: E731
            assert wait_until(ready, PATIENCE)
        yield port
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextlib.contextmanager
def collab_server():
    """A server that takes any WebSocket; its port."""
    with serve_websocket(lambda connection: None, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.socket.getsockname()[1]
        server.shutdown()


def good_zone():
    """What the DNS says where all is well."""
    zone = nameserver.Zone()
    zone.add(DOMAIN, "TXT", "v=spf1 a:mail.example -all")
    zone.add(DOMAIN, "A", "192.0.2.25")
    zone.add(f"mail._domainkey.{DOMAIN}", "TXT", "v=DKIM1; k=rsa; p=MIGfMA0G")
    zone.add(f"_dmarc.{DOMAIN}", "TXT", "v=DMARC1; p=none")
    zone.add("25.2.0.192.in-addr.arpa", "PTR", DOMAIN)
    zone.add(REPLY, "MX", DOMAIN)
    return zone


@pytest.fixture(scope="package")
def world(llmio_servers, tmp_path_factory):
    """All servers of the site, started once, and the variables that describe them."""
    folder = tmp_path_factory.mktemp("doctor")
    name = llmio_servers.copy_template()
    with contextlib.ExitStack() as stack:
        stack.callback(llmio_servers.drop, name)
        url = llmio_servers.database(name)
        engine = engine_of(url)
        stack.callback(engine.dispose)
        valkey = Valkey(folder / "valkey", fast=True)
        valkey.start()
        stack.callback(valkey.remove)
        tls, certificate = make_certificate(folder, "localhost")
        front = Front(tls)
        stack.callback(front.close)
        zone = good_zone()
        dns, dns_port = nameserver.serve(zone)
        stack.callback(dns.server.server_close)
        stack.callback(dns.stop)
        here = f"https://localhost:{front.port}"
        env = {
            "PATH": os.environ["PATH"],
            "LLMIO_ENV": "production",
            "LLMIO_DATA": str(folder / "data"),
            "LLMIO_CACHE": llmio_servers.cache,
            "DATABASE_URL": url,
            "REDIS_URL": valkey.url(),
            "SECRET_COOKIE_TOKEN": SECRET,
            "CANONICAL_HOST": "localhost",
            "CANONICAL_PORT": str(front.port),
            "FORCE_SSL": "1",
            "SSL_CERT_FILE": certificate,
            "SMTP_SERVER": "127.0.0.1",
            "SMTP_PORT": stack.enter_context(mail_server(tls_context=tls)),
            "SMTP_USERNAME": "llmio",
            "SMTP_PASSWORD": PASSWORD,
            "SMTP_DOMAIN": DOMAIN,
            "SMTP_TIMEOUT": str(int(PATIENCE)),
            "REPLY_HOSTNAME": REPLY,
            "LLMIO_DNS_SERVERS": f"127.0.0.1:{dns_port}",
            "CHANNELS_URL": here,
            "HOCUSPOCUS_URL": f"wss://localhost:{front.port}/collab",
            **vapid(),
        }
        front.routes[""] = stack.enter_context(web_server(env))
        front.routes["/socket.io"] = stack.enter_context(live_channel(valkey, here, folder))
        front.routes["/collab"] = stack.enter_context(collab_server())
        yield SimpleNamespace(
            env=env, url=url, engine=engine, valkey=valkey, front=front, zone=zone, tls=tls, folder=folder,
            servers=llmio_servers, certificate=certificate, database=name,
        )  # fmt: skip


@pytest.fixture
def site(world):
    """The world as it is where all is well; what a test changes is put back."""
    signs = "INSERT INTO llmio.heartbeats VALUES ('worker', now()), ('schedule', now()) ON CONFLICT (name) DO UPDATE SET at = now()"
    with world.engine.begin() as connection:
        connection.execute(text(signs))
        connection.execute(text("DELETE FROM llmio.outbox"))
        connection.execute(text("DELETE FROM llmio.backups"))
        connection.execute(
            text(
                "INSERT INTO llmio.backups (archive, size, made_at, proved_at, fault) VALUES ('a.tar', 1, now(), now(), '')"
            )
        )
    front, records = vars(world.front).copy(), {key: list(value) for key, value in world.zone.records.items()}
    front["routes"] = dict(world.front.routes)
    yield world
    vars(world.front).update(front)
    world.zone.records, world.zone.broken = records, set()


@pytest.fixture
def tell(site):
    """`tell("UPDATE …")`: statements in the site's database, committed."""

    def made(*statements):
        with site.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))

    return made


@pytest.fixture(autouse=True)
def server_of_tests(monkeypatch):
    """It does not wait for the disk, which is nobody's fault."""
    monkeypatch.setattr(state, "LASTING", ())


@pytest.fixture(autouse=True)
def busy_machine(monkeypatch):
    """Neither is it anybody's fault where an answer takes a while."""
    for module in (database, live, proxy, redis_check, site_of_doctor):
        monkeypatch.setattr(module, "PATIENCE", PATIENCE)
    monkeypatch.setattr(
        running, "AREAS", {name: replace(area, seconds=PATIENCE) for name, area in running.AREAS.items()}
    )


@pytest.fixture
def doctor(site):
    """`doctor(VARIABLE=…)`: the findings by code; a variable that is None is not set."""

    def made(*only, **changes):
        env = {name: value for name, value in (site.env | changes).items() if value is not None}
        answer = run_command("doctor", "--json", *(word for name in only for word in ("--only", name)), env=env)
        said = json.loads(answer.stdout)
        errors = [one for one in said["findings"] if one["severity"] == "error"]
        assert (answer.code, said["ok"]) == (1 if errors else 0, not errors)
        assert all(one["what"] and one["cause"] and one["fix"] for one in said["findings"])
        found = {}
        for one in said["findings"]:
            found.setdefault(one["code"], []).append(one["what"])
        return found

    return made
