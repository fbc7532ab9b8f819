"""Outgoing requests: none reaches the operator's network, whatever names, redirects and numbers are tried; all end in time."""

from __future__ import annotations

import gzip
import io
import socket
import threading
import time
from email.utils import formatdate

import pytest
from sqlalchemy.exc import OperationalError

from llmio import boot
from llmio.core.db import engine_for
from llmio.core.errors import Unavailable
from llmio.integrations.http import GuardedHttp, Times, is_public, resolve
from llmio.plugins import wait_of
from tests.receiver import receiver

PRIVATE = [
    "127.0.0.1",
    "127.255.0.9",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.1",
    "192.168.1.1",
    "169.254.169.254",
    "0.0.0.0",
    "100.64.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.0.1",
    "198.18.0.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "::ffff:0:7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:0:0:0:0:80ff:fffe",
    "::127.0.0.1",
    "192.0.0.192",
    "::ffff:192.0.0.192",
    "168.63.129.16",
    "192.88.99.1",
    "240.0.0.1",
    "fec0::1",
    "64:ff9b:1::7f00:1",
    "64:ff9b:1::a00:1",
    "100::1",
    "2001:2::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


def client(find=resolve, times=None, **settings):
    ini = {name.replace("__", "."): value for name, value in settings.items()}
    return GuardedHttp(boot.read_settings(ini, {}), find=find, times=times)


@pytest.fixture
def here():
    with receiver() as made:
        yield made


@pytest.fixture
def there():
    with receiver("127.0.0.2") as made:
        yield made


@pytest.fixture
def guarded():
    """127.0.0.1 stands for the internet, all other addresses of this machine are private as ever."""
    return client(webhooks__allow_networks="127.0.0.1")


def post(http, url, **headers):
    return http.post(url, headers={name.replace("_", "-"): value for name, value in headers.items()}, body=b"hello")


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_known(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_known(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "127.1", "0177.0.0.1", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
def test_this_machine_is_not_reached_by_any_of_its_names(here, host):
    port = here.url.rsplit(":", 1)[1]
    answer = post(client(), f"http://{host}:{port}/")
    assert answer.status == 0
    assert answer.text
    assert here.got == []


def test_the_operator_opens_it(here):
    for opened in (client(webhooks__allow_private="1"), client(webhooks__allow_networks="10.0.0.0/8 127.0.0.0/8")):
        assert post(opened, here.url).status == 200
    assert post(client(webhooks__allow_networks="10.0.0.0/8"), here.url).status == 0
    assert [one.body for one in here.got] == [b"hello"] * 2


def test_a_network_that_is_none_is_told_at_the_start():
    with pytest.raises(Unavailable, match=r"10\.0\.0\.0/99"):
        client(webhooks__allow_networks="10.0.0.0/99")


def test_a_name_is_judged_by_the_address_that_is_connected_to(here, there, guarded):
    """A resolver that says something else each time finds no gap: it is asked once, and what it said is used."""
    port = int(here.url.rsplit(":", 1)[1])
    answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2", "127.0.0.1"]]
    asked = []

    def find(host, _port):
        asked.append(host)
        return answers[len(asked) - 1]

    http = client(find, webhooks__allow_networks="127.0.0.1")
    assert post(http, f"http://rebinding.example.org:{port}/a").status == 200
    refused = post(http, f"http://rebinding.example.org:{port}/b")
    assert refused.status == 0
    assert "private network" in refused.text
    assert post(http, f"http://rebinding.example.org:{port}/c").status == 200
    assert [one.path for one in here.got] == ["/a", "/c"]
    assert asked == ["rebinding.example.org"] * 3
    assert here.got[0].headers["host"] == f"rebinding.example.org:{port}"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_followed_with_the_same_request(here, guarded, status):
    here.answers.append((status, {"Location": "/new"}, b""))
    assert post(guarded, here.url + "/old", Authorization="Bearer x").status == 200
    assert [(one.method, one.path, one.body) for one in here.got] == [
        ("POST", "/old", b"hello"),
        ("POST", "/new", b"hello"),
    ]
    assert here.got[1].headers["authorization"] == "Bearer x"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_leads_into_no_private_network(here, there, guarded, status):
    here.answers.append((status, {"Location": there.url + "/latest/meta-data"}, b""))
    answer = post(guarded, here.url)
    assert answer.status == 0
    assert "private network" in answer.text
    assert there.got == []


@pytest.mark.parametrize("place", ["file:///etc/passwd", "gopher://127.0.0.1/", "http://[broken", "//127.0.0.2:1/x"])
def test_a_redirect_leads_nowhere_else_either(here, guarded, place):
    here.answers.append((307, {"Location": place}, b""))
    assert post(guarded, here.url).status == 0


def test_a_redirect_after_which_it_would_be_another_request_is_not_followed(here, guarded):
    here.answers.append((303, {"Location": "/seen"}, b""))
    assert post(guarded, here.url).status == 303
    assert len(here.got) == 1


def test_redirects_in_a_circle_end(here, guarded):
    here.answers += [(307, {"Location": "/again"}, b"")] * 9
    answer = post(guarded, here.url)
    assert answer.status == 307
    assert len(here.got) == 4


def test_a_token_is_not_carried_to_another_host(here, there):
    http = client(webhooks__allow_private="1")
    here.answers.append((307, {"Location": there.url}, b""))
    assert post(http, here.url, Authorization="Bearer x", X_Other="y").status == 200
    assert "authorization" not in there.got[0].headers
    assert there.got[0].headers["x-other"] == "y"


@pytest.mark.parametrize("kind", ["hang", "dribble"])
def test_a_slow_receiver_is_left_in_time(here, kind):
    http = client(times=Times(connect=0.5, read=0.4, whole=0.8), webhooks__allow_private="1")
    here.answers.append(getattr(here, kind))
    began = time.monotonic()
    answer = post(http, here.url)
    assert answer.status == 0
    assert answer.text
    assert time.monotonic() - began < 30  # it hangs for ten minutes


def test_of_a_huge_answer_only_the_beginning_is_read(here):
    http = client(webhooks__allow_private="1")
    here.answers.append((200, {}, b"x" * 3_000_000))
    assert len(post(http, here.url).text) == 10_000


def test_a_packed_answer_is_not_unpacked(here):
    http = client(webhooks__allow_private="1")
    here.answers.append((200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 50_000_000)))
    answer = post(http, here.url)
    assert answer.status == 200
    assert len(answer.text) <= 10_000
    assert "0000000000" not in answer.text
    assert here.got[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "url",
    ["ftp://example.org", "http://", "http://[1", "http://x:y", "http://a b", "http://\x00", "", "http://" + "a" * 300],
)
def test_nonsense_is_an_answer_not_an_error(url):
    assert post(client(), url).status == 0


def test_a_file_is_fetched_whole_and_followed_where_it_leads(here):
    content = bytes(range(256)) * 4000
    http = client(webhooks__allow_private="1")
    here.answers += [(302, {"Location": f"{here.url}/there"}, b""), (200, {}, content)]
    file = io.BytesIO()
    assert (http.fetch(here.url, file, max_bytes=2_000_000).status, file.getvalue()) == (200, content)
    assert [one.method for one in here.got] == ["GET", "GET"]


@pytest.mark.parametrize("kind", ["large", "short", "refused", "hang", "private"])
def test_a_file_that_does_not_come_whole_says_why(here, kind):
    times = Times(connect=0.5, read=0.4, file=0.8) if kind == "hang" else Times()
    http = client(times=times, webhooks__allow_private="" if kind == "private" else "1")
    here.answers.append(
        {
            "large": (200, {}, b"x" * 5000),
            "short": (200, {"Content-Length": "5000"}, b"half"),
            "refused": (403, {}, b"no"),
            "hang": here.hang,
            "private": (200, {}, b"secret"),
        }[kind]
    )
    file = io.BytesIO()
    answer = http.fetch(here.url, file, max_bytes=2000)
    assert answer.status == (403 if kind == "refused" else 0)
    assert answer.text
    assert b"secret" not in file.getvalue()


def test_a_database_that_takes_connections_and_says_nothing_is_left_in_time(monkeypatch):
    monkeypatch.setattr("llmio.core.db.CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        engine = engine_for(f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        began = time.monotonic()
        with pytest.raises(OperationalError):
            engine.connect()
    assert time.monotonic() - began < 30


def test_a_date_to_wait_until_is_understood_where_the_answer_has_no_date_of_its_own(guarded):
    def answer(server):
        with server.accept()[0] as connection:
            connection.recv(65536)
            until = formatdate(time.time() + 600, usegmt=True)
            connection.sendall(f"HTTP/1.1 429 Slow\r\nRetry-After: {until}\r\nContent-Length: 0\r\n\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        said = post(guarded, f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()
    assert said.status == 429
    assert 590 < wait_of(said) <= 600
