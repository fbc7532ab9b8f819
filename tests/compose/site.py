"""The services of compose/docker-compose.yml as processes of this machine, behind a real nginx with TLS.

Each has the command and the variables that its container would have; names of hosts and ports are replaced by loopback.
"""

from __future__ import annotations

import datetime as dt
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from dnslib import RCODE
from dnslib.server import BaseResolver, DNSLogger, DNSServer
from dotenv import dotenv_values

from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from tests.commands import run_command
from tests.compose.files import FOLDER, ROOT, environment, read
from tests.processes import PATIENCE, until

HOST = "decide.example.org"
NAMES = (HOST, f"channels.{HOST}", f"hocuspocus.{HOST}", "localhost")
SERVICES = ("app", "worker", "haraka", "channels", "hocuspocus")
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"


@dataclass
class Composed:
    """What runs, and where it is reached."""

    folder: Path
    database: str
    redis: str
    env: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen] = field(default_factory=dict)
    dns: DNSServer | None = None

    def start(self, service: str, name: str = "") -> None:
        """Start a service by the very command of the file; `name` for a second one of it."""
        name = name or service
        words = read("docker-compose.yml")["services"][service]["command"]
        words = [self._here(word, name) for word in words[1:]]
        self.running[name] = subprocess.Popen(
            [sys.executable, "-P", "-m", "llmio", *words],
            env=self.told(service),
            cwd=self.folder,
            stdout=(self.folder / f"{name}.log").open("ab"),
            stderr=subprocess.STDOUT,
        )

    def told(self, service: str) -> dict[str, str]:
        """The variables of the container, with hosts replaced."""
        replaced = {
            "LLMIO_DATA": str(self.folder / "data"),
            "LLMIO_CACHE": os.environ.get("LLMIO_CACHE", str(self.folder / "cache")),
            "DATABASE_URL": self.database,
            "REDIS_URL": self.redis,
            "PRIVATE_APP_URL": f"http://127.0.0.1:{self.ports['app']}",
        }
        told = environment(service, self.env)
        path = {"PATH": os.environ["PATH"], "LLMIO_DNS_SERVERS": f"127.0.0.1:{self.ports['dns']}"}
        return told | {name: value for name, value in replaced.items() if name in told} | path

    def probe(self, service: str, name: str = ""):
        """Run the health check of the file, in this process."""
        words = read("docker-compose.yml")["services"][service]["healthcheck"]["test"]
        return run_command(*(self._here(word, name or service) for word in words[2:]), env=self.told(service))

    def wait_for(self, service: str, name: str = "") -> None:
        """Until it is healthy."""
        process = self.running[name or service]
        # Five times a second: asking takes the time of what is being started.
        done = wait_until(
            lambda: self.probe(service, name).code == 0 or process.poll() is not None, PATIENCE, every=0.2
        )
        assert done, "it does not become healthy"
        assert process.poll() is None, (self.folder / f"{name or service}.log").read_text()

    def _here(self, word: str, name: str) -> str:
        if word == "0.0.0.0":
            return "127.0.0.1"
        return str(self.ports[name]) if word in ("3000", "5000", "2525") else word

    def client(self, host: str = HOST, scheme: str = "https") -> httpx.Client:
        """A browser's side: it trusts our certificate, and finds every name at loopback."""
        trusted = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        port = self.ports["https" if scheme == "https" else "http"]
        return httpx.Client(
            base_url=f"{scheme}://{host}", transport=Loopback(port, verify=trusted), timeout=PATIENCE, trust_env=False
        )

    def said(self, request: bytes) -> bytes:
        """The beginning of what is answered to so much of a request."""
        trusted = ssl.create_default_context(cafile=str(self.folder / "fullchain.pem"))
        with (
            socket.create_connection(("127.0.0.1", self.ports["https"]), timeout=PATIENCE) as plain,
            trusted.wrap_socket(plain, server_hostname=HOST) as connection,
        ):
            connection.sendall(request)
            return connection.recv(100)

    def stop(self) -> None:
        """End all."""
        if self.dns is not None:
            self.dns.stop()
            self.dns.server.server_close()
        for name, process in self.running.items():
            if process.poll() is None:
                # Killed, nginx would leave its workers behind; they end with their master when it is asked.
                (process.terminate if name == "nginx" else process.kill)()
            process.wait()


class Nobody(BaseResolver):
    """Knows no name: nothing can be learnt of senders, at once."""

    def resolve(self, request, handler):
        answer = request.reply()
        answer.header.rcode = RCODE.NXDOMAIN
        return answer


class Loopback(httpx.HTTPTransport):
    """Connects to loopback whatever the name; Host and the name in TLS stay."""

    def __init__(self, port: int, **how: object) -> None:
        super().__init__(**how)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        here = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=self._port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": request.url.host},
        )
        return super().handle_request(here)


def compose(folder: Path, database: str, redis: str) -> Composed:
    """Write .env as an operator does, start everything, and wait until it is healthy."""
    made = Composed(folder, database, redis)
    (folder / "data").mkdir()
    answer = run_command(
        "setup", "--yes", "--file", str(folder / ".env"), "--host", HOST, "--support-email", "help@example.org", env={}
    )
    assert answer.code == 0, answer.stderr
    made.env = {name: value or "" for name, value in dotenv_values(folder / ".env", interpolate=False).items()}
    for name in (*SERVICES, "app2", "http", "https", "nobody", "dns"):
        while (port := free_port()) in made.ports.values():  # free as long as nobody listens there
            pass
        made.ports[name] = port
    made.dns = DNSServer(Nobody(), port=made.ports["dns"], address="127.0.0.1", logger=DNSLogger("-request,-reply"))
    made.dns.start_thread()
    try:
        for service in SERVICES:
            made.start(service)
        made.start("app", "app2")
        certify(folder)
        start_nginx(made)
        for service in SERVICES:
            made.wait_for(service)
        made.wait_for("app", "app2")
    except BaseException:
        made.stop()
        raise
    return made


def start_nginx(made: Composed) -> None:
    """The configuration for plain hosts as it is shipped, but for ports and paths."""
    text = (ROOT / "etc" / "nginx" / "llmio.conf").read_text()
    ports = {
        "127.0.0.1:3000": "app",
        "127.0.0.1:3001": "app2",
        "127.0.0.1:5000": "channels",
        "127.0.0.1:4444": "hocuspocus",
    }
    for address, name in ports.items():
        assert address in text
        text = text.replace(address, f"127.0.0.1:{made.ports[name]}")
    text = re.sub(r"\n\s*listen \[::\]:.*", "", text)
    text = text.replace("listen 80;", f"listen 127.0.0.1:{made.ports['http']};")
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{made.ports['https']} ")
    text = text.replace("/etc/llmio/proxy.conf", str(FOLDER / "nginx" / "proxy.conf"))
    text = text.replace(f"/etc/letsencrypt/live/{HOST}", str(made.folder))
    assert "/etc/" not in text.replace("/etc/nginx/sites-enabled", "")
    own = " ".join(
        f"{kind}_temp_path {made.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""
    (made.folder / "nginx.conf").write_text(
        f"{user} daemon off; pid {made.folder}/nginx.pid; error_log {made.folder}/nginx.log; worker_processes 1;\n"
        f"events {{ worker_connections 512; }}\nhttp {{\naccess_log off; {own}\n{text}\n}}\n"
    )
    made.running["nginx"] = subprocess.Popen([NGINX, "-c", str(made.folder / "nginx.conf"), "-e", "stderr"])
    until(lambda: listens(made.ports["https"]))


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def certify(folder: Path) -> None:
    """A certificate for the three names, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in NAMES]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def answers_on(port: int) -> int:
    """Status of /up there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/up", headers={"Host": HOST})
    return connection.getresponse().status
