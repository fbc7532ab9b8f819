"""Signed addresses of Google Cloud Storage, held against a server that checks them.

No emulator looks at signatures, so this one does, by the published description of V4 signing with RSA keys:
https://cloud.google.com/storage/docs/authentication/canonical-requests and .../authentication/signatures.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import httpx
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from llmio_storage_gcs import Google

from llmio.testing.contracts.storage import new_key

MAIL = "files@p.iam.gserviceaccount.com"
LONGEST = 604_800
"""Seconds: a week."""
HOST = "storage.googleapis.com"
CONTENT = b"what lies there"


class Refused(Exception):
    """The code that Google names."""


def check(method: str, target: str, headers: dict[str, str], public: rsa.RSAPublicKey, now: datetime) -> dict[str, str]:
    """Raise Refused unless the address is signed by the key and still good; its query."""
    path, _mark, query = target.partition("?")
    given = dict(parse_qsl(query, keep_blank_values=True))
    try:
        signature = bytes.fromhex(given["X-Goog-Signature"])
        began = datetime.strptime(given["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lasts = int(given["X-Goog-Expires"])
        mail, scope = given["X-Goog-Credential"].split("/", 1)
    except (KeyError, ValueError):
        raise Refused("AuthenticationRequired") from None
    day, _place, service, kind = scope.split("/")
    if given["X-Goog-Algorithm"] != "GOOG4-RSA-SHA256" or (mail, service, kind) != (MAIL, "storage", "goog4_request"):
        raise Refused("InvalidCredential")
    if day != given["X-Goog-Date"][:8] or not 0 < lasts <= LONGEST:
        raise Refused("InvalidArgument")
    named = given["X-Goog-SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            method,
            path,
            "&".join(
                sorted(
                    f"{quote(k, safe='~')}={quote(v, safe='~')}" for k, v in given.items() if k != "X-Goog-Signature"
                )
            ),
            *(f"{name}:{' '.join(headers[name].split())}" for name in named),
            "",
            given["X-Goog-SignedHeaders"],
            headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )
    text = "\n".join(["GOOG4-RSA-SHA256", given["X-Goog-Date"], scope, hashlib.sha256(canonical.encode()).hexdigest()])
    try:
        public.verify(signature, text.encode(), padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise Refused("SignatureDoesNotMatch") from None
    if not began - timedelta(minutes=15) <= now <= began + timedelta(seconds=lasts):
        raise Refused("ExpiredToken")
    return given


@contextmanager
def checking(public: rsa.RSAPublicKey) -> Iterator[str]:
    """The address of a server that gives what is signed for, and 403 or 400 for all else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            now = datetime.now(UTC) + timedelta(seconds=float(self.headers.get("X-Later", 0)))
            try:
                # It stands for Google's own host, which is what was signed.
                asked = check(self.command, self.path, {"host": HOST}, public, now)
            except Refused as error:
                self._say(400 if str(error) == "ExpiredToken" else 403, str(error).encode(), {})
                return
            told = {"Content-Type": "response-content-type", "Content-Disposition": "response-content-disposition"}
            self._say(200, CONTENT, {name: asked[key] for name, key in told.items() if key in asked})

        do_DELETE = do_GET  # noqa: N815  # as http.server has it

        def _say(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def account(key: rsa.RSAPrivateKey) -> str:
    """A service account's key, as Google hands it out."""
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "p",
            "private_key_id": "1",
            "private_key": key.private_bytes(*form).decode(),
            "client_email": MAIL,
            "client_id": "1",
            "token_uri": "http://127.0.0.1:9/token",
        }
    )


@pytest.fixture(scope="module")
def server(key: rsa.RSAPrivateKey) -> Iterator[str]:
    with checking(key.public_key()) as address:
        yield address


def signed(key: rsa.RSAPrivateKey, file: str, disposition: str = 'inline; filename="a b.txt"') -> str:
    settings = {"bucket": "files", "project": "p", "credentials": account(key), "endpoint": ""}
    url = Google().url(
        file, settings, expires=timedelta(minutes=10), content_type="text/plain", disposition=disposition
    )
    assert url
    assert urlsplit(url).netloc == HOST
    return url


def fetch(server: str, url: str, method: str = "GET", later: float = 0) -> httpx.Response:
    """Ask the server in Google's place."""
    here = urlunsplit(urlsplit(url)._replace(scheme="http", netloc=server))
    return httpx.request(method, here, headers={"X-Later": str(later)})


@pytest.mark.parametrize(
    "disposition",
    [
        'inline; filename="a b.txt"',
        "attachment; filename=\"_bersicht.pdf\"; filename*=UTF-8''%C3%9Cbersicht%20100%25%20%26%20mehr~.pdf",
    ],
)
def test_a_signed_address_is_taken_with_its_type_and_name(key: Any, server: str, disposition: str) -> None:
    got = fetch(server, signed(key, new_key(), disposition))
    assert (got.status_code, got.content) == (200, CONTENT), got.text
    assert got.headers["content-type"] == "text/plain"
    assert got.headers["content-disposition"] == disposition


@pytest.mark.parametrize(
    "tampered",
    [
        lambda url: url.replace("/files/", "/others/"),
        lambda url: url.replace("text%2Fplain", "text%2Fhtml"),
        lambda url: url.replace("inline", "attachment"),
        lambda url: url.replace("X-Goog-Expires=600", "X-Goog-Expires=6000"),
        lambda url: url + "&generation=1",
        lambda url: url[:-1] + ("0" if url[-1] != "0" else "1"),
    ],
)
def test_what_was_changed_is_refused(key: Any, server: str, tampered: Any) -> None:
    url = signed(key, new_key())
    assert tampered(url) != url
    got = fetch(server, tampered(url))
    assert (got.status_code, got.text) == (403, "SignatureDoesNotMatch")


def test_another_file_another_act_or_another_key_is_refused(key: Any, server: str) -> None:
    file = new_key()
    url = signed(key, file)
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert fetch(server, url.replace(file, new_key())).text == "SignatureDoesNotMatch"
    assert fetch(server, url, "DELETE").text == "SignatureDoesNotMatch"
    assert fetch(server, signed(other, file)).text == "SignatureDoesNotMatch"
    assert fetch(server, url.split("?")[0]).status_code == 403


def test_it_ends(key: Any, server: str) -> None:
    url = signed(key, new_key())
    assert fetch(server, url, later=590).status_code == 200
    got = fetch(server, url, later=700)
    assert (got.status_code, got.text) == (400, "ExpiredToken")
