"""A person, a mail server and an operator use the whole site, through nginx and TLS, while it runs and while it is restarted."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import signal
import smtplib
import ssl
import subprocess
import threading
import time
from collections import Counter
from types import SimpleNamespace

import aiohttp
import bcrypt
import pytest
import redis
import socketio
from aiohttp.abc import AbstractResolver
from sqlalchemy import select
from sqlalchemy.orm import Session

from llmio.discussions.models import Comment
from llmio.embedded.binaries import postgres_folder
from llmio.embedded.valkey import Valkey
from llmio.polls.models import Stance
from llmio.testing.servers import engine_of
from tests import factories
from tests.commands import run_command
from tests.compose.files import environment
from tests.compose.site import HOST, SERVICES, answers_on, compose
from tests.processes import PATIENCE, until

PASSWORD = "correct horse battery"
MAIL = (
    "From: Ada <ada@example.org>\r\nTo: {to}\r\nSubject: Re: Lunch\r\nMessage-ID: <{id}@example.org>\r\n\r\n{body}\r\n"
)


@pytest.fixture(scope="module")
def site(llmio_servers, tmp_path_factory):
    """All services, nginx, and two people in a group with a thread and a poll."""
    folder = tmp_path_factory.mktemp("compose")
    database = llmio_servers.copy_template()
    valkey = Valkey(folder / "valkey", fast=True)
    valkey.start()
    engine = engine_of(llmio_servers.database(database))
    with Session(engine) as db:
        stored = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4, b"2a")).decode()
        ada, ben = (
            factories.user(db, name, email=f"{name.lower()}@example.org", encrypted_password=stored,
                           email_api_key=f"KeyOf{name}01")
            for name in ("Ada", "Ben")
        )  # fmt: skip
        group = factories.group(db, admin=ada, members=[ben])
        thread = factories.discussion(db, group, author=ada)
        poll = factories.poll(db, discussion=thread, author=ada, voters=[ada, ben])
        db.commit()
        world = SimpleNamespace(
            ada=ada.id, ben=ben.id, group=group.id, thread=thread.id, thread_key=thread.key, poll=poll.key
        )
    made = None
    try:
        made = compose(folder, llmio_servers.database(database), valkey.url())
        yield SimpleNamespace(**vars(made), made=made, engine=engine, world=world)
    finally:
        if made is not None:
            made.stop()
        engine.dispose()
        valkey.remove()
        llmio_servers.drop(database)


@pytest.fixture(scope="module")
def ada(site):
    """Ada's browser, signed in through the page; for all tests, since signing in is limited."""
    with site.made.client() as browser:
        page = browser.get("/sign_in")
        answer = send(browser, "/sign_in", page, email="ada@example.org", password=PASSWORD)
        assert answer.status_code == 303, answer.text
        yield browser


def send(browser, path, page, files=None, **fields):
    """Post a form with the token of a page."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    headers = {"Origin": f"https://{HOST}"}
    return browser.post(path, data=fields | {"csrf_token": token}, files=files, headers=headers)


def bodies(site) -> list[str]:
    with Session(site.engine) as db:
        return list(db.scalars(select(Comment.body)))


def test_every_service_is_healthy_by_the_check_of_the_file(site):
    for service in SERVICES:
        answer = site.made.probe(service)
        assert (answer.code, answer.stdout) == (0, f"{answer.stdout.split(':')[0]}: ok\n"), answer.stderr


def test_a_service_that_is_not_there_is_not_healthy(site):
    for role in ("web", "channels", "hocuspocus", "smtp"):
        answer = run_command("probe", role, "--port", str(site.ports["nobody"]), env={})
        assert answer.code == 1
        assert "does not answer" in answer.stderr


def test_pages_come_over_tls_alone_and_with_what_keeps_them_safe(site, ada):
    with site.made.client(scheme="http") as plain:
        answer = plain.get("/dashboard?x=1")
        assert (answer.status_code, answer.headers["Location"]) == (308, f"https://{HOST}/dashboard?x=1")
    page = ada.get("/dashboard")
    assert page.status_code == 200
    assert page.http_version == "HTTP/1.1"
    assert "Strict-Transport-Security" in page.headers
    assert "Content-Security-Policy" in page.headers
    assert all(cookie.secure for cookie in ada.cookies.jar)
    assert len(ada.cookies.jar) > 0


def test_a_vote_is_counted(site, ada):
    path = f"/p/{site.world.poll}"
    page = ada.get(path)
    while page.is_redirect:
        page = ada.get(page.headers["Location"])
    option = re.search(r'name="option"[^>]*value="(\d+)"', page.text)[1]
    vote = re.search(r'action="([^"]*/vote)"', page.text)[1]
    assert send(ada, vote, page, option=option, reason="Because.").status_code == 303
    with Session(site.engine) as db:
        cast = db.scalars(select(Stance).where(Stance.reason == "Because.")).one()
        assert cast.participant_id == site.world.ada


def test_what_one_writes_is_on_the_others_page_at_once(site, ada):
    live = ada.get("/live/session").json()
    assert live["url"] == f"wss://channels.{HOST}"
    heard = asyncio.run(listen(site, live["token"], lambda: comment(site, ada, "Heard by channel")))
    assert "Heard by channel" in heard


def comment(site, browser, body: str) -> None:
    page = browser.get(f"/d/{site.world.thread_key}")
    while page.is_redirect:
        page = browser.get(page.headers["Location"])
    path = re.search(r'action="([^"]*/comments)"', page.text)[1]
    assert send(browser, path, page, body=body).status_code == 303


class ToLoopback(AbstractResolver):
    """Finds every name at loopback."""

    async def resolve(self, host, port=0, family=0):
        return [{"hostname": host, "host": "127.0.0.1", "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self):
        pass


async def listen(site, token, act, *, restart=None) -> list[str]:
    """What comes over the websocket after the act: bodies of comments. After a restart of the server it connects again."""
    trusted = ssl.create_default_context(cafile=str(site.folder / "fullchain.pem"))
    connector = aiohttp.TCPConnector(resolver=ToLoopback(), ssl=trusted)
    heard: asyncio.Queue = asyncio.Queue()
    closed = asyncio.Event()
    async with aiohttp.ClientSession(connector=connector) as http:
        page = socketio.AsyncClient(http_session=http)
        page.on("disconnect", lambda *_reason: closed.set())
        page.on("records", lambda data, *_offset: heard.put_nowait(data))
        address = f"https://channels.{HOST}:{site.ports['https']}?channel_token={token}"
        how = {"transports": ["websocket"], "headers": {"Origin": f"https://{HOST}"}, "wait_timeout": PATIENCE}
        await page.connect(address, **how)
        if restart is not None:
            await asyncio.to_thread(restart)
            await asyncio.wait_for(closed.wait(), PATIENCE)
            await page.connect(address, **how)  # JavaScript's client does that by itself
        await asyncio.to_thread(act)
        found: list[str] = []
        while not found:
            data = await asyncio.wait_for(heard.get(), PATIENCE)
            found = [one["body"] for one in data["records"].get("comments", ())]
        await page.disconnect()
        return found


def test_a_live_channel_that_is_restarted_says_goodbye_and_is_found_again(site, ada):
    def restart():
        process = site.running["channels"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        site.made.start("channels")
        site.made.wait_for("channels")

    token = ada.get("/live/session").json()["token"]
    heard = asyncio.run(listen(site, token, lambda: comment(site, ada, "After it"), restart=restart))
    assert "After it" in heard


def test_writing_together_is_reached_by_its_name(site):
    with site.made.client(f"hocuspocus.{HOST}") as browser:
        upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
                   "Sec-WebSocket-Key": base64.b64encode(b"0" * 16).decode(), "Origin": f"https://{HOST}"}  # fmt: skip
        with browser.stream("GET", "/", headers=upgrade) as answer:
            assert answer.status_code == 101


def test_a_large_file_comes_through_and_one_that_is_too_large_is_refused_at_the_door(site, ada):
    page = ada.get("/dashboard")
    content = bytes(range(256)) * 4096 * 20  # 20 MB: nginx alone would stop at one
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]
    headers = {"X-CSRF-Token": token, "Origin": f"https://{HOST}"}
    files = {"file": ("large.bin", content, "application/octet-stream")}
    answer = ada.post("/files", files=files, headers=headers)
    assert answer.status_code == 201, answer.text
    assert ada.get(answer.json()["url"].removeprefix(f"https://{HOST}"), follow_redirects=True).content == content
    announced = f"POST /files HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {201 * 1024 * 1024}\r\n\r\n"
    assert site.made.said(announced.encode()).startswith(b"HTTP/1.1 413 ")


def letter(site, name: str, body: str) -> tuple[str, bytes]:
    to = f"d={site.world.thread}&u={getattr(site.world, name.lower())}&k=KeyOf{name}01@reply.{HOST}"
    return to, MAIL.format(to=to, id=abs(hash(body)), body=body).encode()


def test_a_mail_that_haraka_hands_over_becomes_a_comment(site):
    _to, raw = letter(site, "Ada", "By haraka")
    path = environment("haraka", site.env)["RAILS_INBOUND_EMAIL_URL"].removeprefix("http://app:3000")
    word = base64.b64encode(f"actionmailbox:{site.env['RAILS_INBOUND_EMAIL_PASSWORD']}".encode()).decode()
    with site.made.client() as relay:
        headers = {"Authorization": f"Basic {word}", "Content-Type": "message/rfc822"}
        given = b"harakadata: " + json.dumps({"mail_from": "ada@example.org"}).encode() + b"\r\n" + raw
        assert relay.post(path, content=given, headers=headers).status_code == 204
    until(lambda: "By haraka" in bodies(site))


def test_a_mail_that_our_own_server_takes_in_its_place_becomes_a_comment(site):
    to, raw = letter(site, "Ben", "By our own server")
    with smtplib.SMTP(
        "127.0.0.1", site.ports["haraka"], local_hostname="client.example.org", timeout=PATIENCE
    ) as client:
        client.sendmail("ben@example.org", to, raw)
    until(lambda: "By our own server" in bodies(site))
    told = (site.made.folder / "haraka.log").read_text()
    assert "Taking mail for" in told
    assert "KeyOfBen01" not in told, "an address for replies lets one in"


def test_the_backup_has_all_that_is_ours(site, tmp_path):
    told = environment("pgbackups", site.env)
    programs = postgres_folder(None)
    target = tmp_path / f"x{told['BACKUP_SUFFIX']}"
    command = [programs / "pg_dump", "-d", site.database.replace("postgresql+psycopg", "postgresql"), "-f", target]
    subprocess.run([*command, *told["POSTGRES_EXTRA_OPTS"].split()], check=True, timeout=PATIENCE)
    listed = subprocess.run([programs / "pg_restore", "-l", target], check=True, capture_output=True, text=True).stdout
    assert "TABLE DATA llmio outbox" in listed
    assert "TABLE DATA public stances" in listed


def test_a_restart_of_one_server_after_the_other_is_seen_by_no_client(site, ada):
    """Forms and pages are asked for all the time; each of the two web servers is stopped and started again."""
    statuses, slowest, over, starting = Counter(), [0.0], threading.Event(), threading.Event()
    word = base64.b64encode(b"actionmailbox:wrong").decode()
    headers = {"Authorization": f"Basic {word}", "Content-Type": "message/rfc822"}

    def hammer(method, path):
        with site.made.client() as browser:
            while not over.is_set():
                began = time.monotonic()
                body = {"content": b"x" * 20_000, "headers": headers} if method == "POST" else {}
                try:
                    statuses[method, browser.request(method, path, **body).status_code] += 1
                except Exception as error:  # noqa: BLE001  # whatever it is, it counts
                    statuses[method, repr(error)] += 1
                slowest[0] = max(slowest[0], time.monotonic() - began)
                over.wait(0.05 if starting.is_set() else 0)  # else it would take long to start

    asks = [("POST", "/rails/action_mailbox/relay/inbound_emails")] * 3 + [("GET", "/up"), ("GET", "/sign_in")]
    clients = [threading.Thread(target=hammer, args=ask) for ask in asks]
    for one in clients:
        one.start()
    until(lambda: len(statuses) == 2 and min(statuses.values()) > 20)
    for name in ("app", "app2"):
        process = site.running[name]
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        count = statuses.total()
        until(lambda count=count: statuses.total() > count + 20)  # the other one serves alone
        starting.set()
        site.made.start("app", name)
        site.made.wait_for("app", name)
        starting.clear()
        count = statuses.total()
        until(lambda count=count: statuses.total() > count + 20)
    over.set()
    for one in clients:
        one.join(PATIENCE)
    assert set(statuses) == {("POST", 401), ("GET", 200)}, statuses
    assert answers_on(site.ports["app"]) == answers_on(site.ports["app2"]) == 200


def test_all_services_end_when_they_are_told_and_lose_nothing(site, ada):
    """The last test: after it nothing runs."""
    comment(site, ada, "The last word")
    for name in (*SERVICES, "app2"):
        site.running[name].send_signal(signal.SIGTERM)
    codes = {name: site.running[name].wait(PATIENCE) for name in (*SERVICES, "app2")}
    assert set(codes.values()) == {0}, codes
    assert "The last word" in bodies(site)
    with redis.Redis.from_url(site.redis) as left:
        assert left.ping()
