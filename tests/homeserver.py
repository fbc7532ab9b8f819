"""A real homeserver of Matrix (synapse) on loopback, with SQLite, for the time of a test run."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx

from llmio.embedded.ports import free_port
from llmio.embedded.process import wait_until
from tests.loopback import PLAIN

CONFIG = """
server_name: localhost
pid_file: {folder}/pid
public_baseurl: {url}
listeners:
  - {{port: {port}, type: http, bind_addresses: ["127.0.0.1"], resources: [{{names: [client]}}]}}
database: {{name: sqlite3, args: {{database: "{folder}/db"}}}}
media_store_path: {folder}/media
signing_key_path: {folder}/key
log_config: {folder}/log.yaml
registration_shared_secret: {secret}
macaroon_secret_key: {secret}
form_secret: {secret}
report_stats: false
trusted_key_servers: []
rc_joins: {{local: {{per_second: 100, burst_count: 100}}}}
rc_login: {{address: {{per_second: 100, burst_count: 100}}, account: {{per_second: 100, burst_count: 100}}}}
"""
LOG = "{version: 1, root: {level: WARNING}, disable_existing_loggers: false}\n"


@dataclass
class Account:
    """Somebody with an account there."""

    url: str
    user_id: str
    token: str

    def call(self, method: str, path: str, **body: object) -> dict:
        """A request of the client-server API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = PLAIN.request(
            method, f"{self.url}/_matrix/client/v3{path}", headers=headers, json=body or None, timeout=60
        )
        answer.raise_for_status()
        return answer.json()

    def room(self, alias: str, *invited: Account) -> str:
        """A room of one's own that others are invited to; its id."""
        ids = [one.user_id for one in invited]
        return self.call("POST", "/createRoom", room_alias_name=alias, invite=ids, preset="private_chat")["room_id"]

    def messages(self, room_id: str) -> list[dict]:
        """The contents of the messages in a room, oldest first."""
        found = self.call("GET", f"/rooms/{quote(room_id)}/messages?dir=f&limit=100")["chunk"]
        return [one["content"] | {"sender": one["sender"]} for one in found if one["type"] == "m.room.message"]


@dataclass
class Homeserver:
    """The server; accounts are made by its shared secret."""

    url: str
    secret: str

    def account(self, name: str) -> Account:
        """A new account."""
        place = f"{self.url}/_synapse/admin/v1/register"
        nonce = PLAIN.get(place, timeout=60).json()["nonce"]
        said = b"\0".join(one.encode() for one in (nonce, name, "password", "notadmin"))
        mac = hmac.new(self.secret.encode(), said, hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": "password", "admin": False, "mac": mac}
        made = PLAIN.post(place, json=body, timeout=60).json()
        return Account(self.url, made["user_id"], made["access_token"])


@contextmanager
def homeserver(folder: Path) -> Iterator[Homeserver]:
    """One that runs meanwhile."""
    port, secret = free_port(), secrets.token_hex(16)
    url = f"http://127.0.0.1:{port}"
    config = folder / "homeserver.yaml"
    config.write_text(CONFIG.format(folder=folder, url=url, port=port, secret=secret))
    (folder / "log.yaml").write_text(LOG)
    command = [sys.executable, "-m", "synapse.app.homeserver", "--config-path", str(config)]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore", "SYNAPSE_ASYNC_IO_REACTOR": "0"}
    subprocess.run([*command, "--generate-keys"], check=True, env=quiet, capture_output=True, timeout=120)
    with (folder / "out").open("wb") as out:
        process = subprocess.Popen(command, env=quiet, stdout=out, stderr=out)
    try:
        ready = wait_until(lambda: process.poll() is not None or _answers(url), 120, every=0.1)
        assert ready, (folder / "out").read_text()
        assert process.poll() is None, (folder / "out").read_text()
        yield Homeserver(url, secret)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(url: str) -> bool:
    try:
        return PLAIN.get(f"{url}/_matrix/client/versions", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
