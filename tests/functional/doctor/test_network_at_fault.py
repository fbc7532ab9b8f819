"""Faults of mail, DNS, proxy, WebSockets, push keys, backups, plugins and search, one by one: exactly that one is named."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from llmio.testing.plugin import SECRET
from tests.functional.doctor.conftest import DOMAIN, REPLY, mail_server, make_certificate, vapid
from tests.processes import PATIENCE
from tests.seam.distributions import Installed


def codes(told):
    return sorted(told)


@contextlib.contextmanager
def answering(words=b"", **_):
    """A server that says these words to who comes, and no more; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with contextlib.suppress(OSError):
            while True:
                person, _address = listener.accept()
                with person, contextlib.suppress(OSError):
                    person.sendall(words)
                    person.settimeout(PATIENCE)
                    person.recv(65536)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield str(listener.getsockname()[1])
    finally:
        listener.close()


# --- mail ---


def test_no_mail_server(doctor):
    assert codes(doctor("mail", "dns", SMTP_SERVER=None)) == ["mail.unset"]
    assert doctor("mail", "dns", SMTP_SERVER=None, LLMIO_ENV="development") == {}


def test_mail_server_that_cannot_be_reached(doctor):
    told = doctor("mail", SMTP_PORT="1")
    assert codes(told) == ["mail.unreachable"]
    assert "port 1" in told["mail.unreachable"][0]


def test_mail_server_that_refuses_the_login(doctor):
    told = doctor("mail", SMTP_PASSWORD="planted-wrong")
    assert codes(told) == ["mail.login"]
    assert told["mail.login"][0].startswith("535 ")
    assert "planted" not in str(told)


def test_password_that_no_mail_server_can_be_told(doctor):
    told = doctor("mail", SMTP_PASSWORD="plänted")
    assert codes(told) == ["mail.login"]
    assert "beyond ASCII" in told["mail.login"][0]


def test_mail_server_without_encryption(doctor):
    with mail_server(auth_require_tls=False) as port:
        assert codes(doctor("mail", SMTP_PORT=port)) == ["mail.tls"]
        assert doctor("mail", SMTP_PORT=port, SMTP_USERNAME=None) == {}, "a relay on this machine needs none"


def test_mail_server_with_a_certificate_of_its_own(doctor, tmp_path):
    own, _path = make_certificate(tmp_path, "localhost")
    with mail_server(tls_context=own) as port:
        told = doctor("mail", SMTP_PORT=port)
        assert codes(told) == ["mail.certificate"]
        assert "self-signed" in told["mail.certificate"][0]
        assert doctor("mail", SMTP_PORT=port, SMTP_SSL_VERIFY_MODE="none") == {}


def test_mail_server_that_does_not_go_on(doctor):
    with answering(b"554 no mail from you\r\n") as port:
        told = doctor("mail", SMTP_PORT=port)
    assert told == {"mail.refused": ["554 no mail from you"]}


# --- DNS ---


@pytest.mark.parametrize(
    ("code", "name", "kind", "values"),
    [
        ("dns.spf", DOMAIN, "TXT", ["some other text"]),
        ("dns.spf_many", DOMAIN, "TXT", ["v=spf1 mx -all", "v=spf1 a -all"]),
        ("dns.spf_open", DOMAIN, "TXT", ["v=spf1 mx +all"]),
        ("dns.spf_open", DOMAIN, "TXT", ["v=spf1 all"]),
        ("dns.spf_open", DOMAIN, "TXT", ["v=spf1 mx ?all"]),
        ("dns.dkim", f"mail._domainkey.{DOMAIN}", "TXT", []),
        ("dns.dmarc", f"_dmarc.{DOMAIN}", "TXT", []),
        ("dns.ptr", "25.2.0.192.in-addr.arpa", "PTR", []),
        ("dns.ptr", "25.2.0.192.in-addr.arpa", "PTR", ["elsewhere.example"]),
        ("dns.ptr", DOMAIN, "A", []),
        ("dns.mx", REPLY, "MX", []),
    ],
)
def test_records(doctor, site, code, name, kind, values):
    site.zone.records[(name, kind)] = values
    assert codes(doctor("dns")) == [code]


def test_other_records_are_well(doctor, site):
    site.zone.records[(DOMAIN, "TXT")] = ["v=spf1 include:_spf.all.example ~all"]
    site.zone.records[(REPLY, "MX")] = []
    site.zone.add(REPLY, "A", "192.0.2.26")
    assert doctor("dns") == {}


def test_selector_that_is_named_is_the_one_that_counts(doctor, site):
    told = doctor("dns", LLMIO_DKIM_SELECTOR="mine")
    assert told == {"dns.dkim": [f"{DOMAIN} has no key under selector mine"]}
    site.zone.add(f"mine._domainkey.{DOMAIN}", "TXT", "v=DKIM1; p=MIGf")
    assert doctor("dns", LLMIO_DKIM_SELECTOR="mine") == {}


def test_sender_of_no_domain(doctor):
    told = doctor("dns", SMTP_DOMAIN="app.localhost", NOTIFICATIONS_EMAIL_ADDRESS=None)
    assert told == {"dns.sender": ["the sender is notifications@app.localhost"]}


def test_dns_server_that_fails(doctor, site):
    site.zone.broken.add(DOMAIN)
    assert codes(doctor("dns")) == ["dns.silent"]


# --- proxy ---


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"says_https": False}, "proxy.https"),
        ({"client": "drop"}, "proxy.client"),
        ({"client": "pass"}, "proxy.forged"),
        ({"host": "app.internal"}, "proxy.host"),
    ],
)
def test_proxy_that_keeps_something_for_itself(doctor, site, change, code):
    vars(site.front).update(change)
    assert codes(doctor("proxy")) == [code]


def test_without_a_proxy_there_is_none_to_blame(doctor, site):
    port = str(site.front.routes[""])
    assert doctor("proxy", FORCE_SSL=None, CANONICAL_PORT=port, PORT=port) == {}


def test_site_that_does_not_answer_at_its_address(doctor, site):
    assert codes(doctor("proxy", CANONICAL_PORT="1")) == ["proxy.unreachable"]
    del site.front.routes[""]
    assert codes(doctor("proxy")) == ["proxy.unreachable"]


def test_address_that_leads_elsewhere(doctor, site):
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok") as port:
        site.front.routes[""] = int(port)
        assert codes(doctor("proxy")) == ["proxy.elsewhere"]


def test_site_with_another_secret(doctor):
    assert codes(doctor("proxy", SECRET_COOKIE_TOKEN=f"another-{SECRET}")) == ["proxy.elsewhere"]


def test_certificate_that_has_ended_or_is_not_known(doctor, site, tmp_path):
    ended, path = make_certificate(tmp_path, "localhost", days=-1)
    site.front.tls = ended
    assert codes(doctor("proxy", SSL_CERT_FILE=path)) == ["proxy.certificate"]


def test_certificate_that_ends_soon(doctor, site, tmp_path):
    ending, path = make_certificate(tmp_path, "localhost", days=5)
    site.front.tls = ending
    assert codes(doctor("proxy", SSL_CERT_FILE=path)) == ["proxy.expires"]


def test_how_a_request_arrives_is_told_to_nobody_else(web):
    assert web.get("/up", headers={"X-Llmio-Doctor": "1.ab.cd"}).text == "ok"


# --- live channel, writing together ---


def test_live_channel_that_is_not_there(doctor, site):
    assert codes(doctor("live", CHANNELS_URL=None)) == ["live.unset"]
    assert codes(doctor("live", CHANNELS_URL="https://localhost:1")) == ["live.silent"]
    site.front.routes["/socket.io"] = site.front.routes[""]
    assert codes(doctor("live")) == ["live.silent"]


def test_proxy_that_lets_no_websocket_through(doctor, site):
    site.front.upgrades = False
    assert codes(doctor("live")) == ["live.upgrade"]
    assert codes(doctor("collab")) == ["collab.upgrade"]


def test_live_channel_of_another_site(doctor):
    told = doctor("live", PUBLIC_APP_URL="https://other.example")
    assert codes(told) == ["live.origin"]


def test_writing_together(doctor, site):
    assert doctor("collab", HOCUSPOCUS_URL=None) == {}
    assert codes(doctor("collab", HOCUSPOCUS_URL="wss://localhost:1")) == ["collab.silent"]


# --- push keys ---


def test_push_keys(doctor):
    assert codes(doctor("push", VAPID_PUBLIC_KEY=None, VAPID_PRIVATE_KEY=None)) == ["push.unused"]
    assert codes(doctor("push", VAPID_PRIVATE_KEY=None)) == ["push.half"]
    assert codes(doctor("push", VAPID_PRIVATE_KEY="not!a!key")) == ["push.keys"]
    assert codes(doctor("push", VAPID_PUBLIC_KEY="c2hvcnQ")) == ["push.keys"]
    assert codes(doctor("push", VAPID_PRIVATE_KEY=vapid()["VAPID_PRIVATE_KEY"])) == ["push.pair"]
    for _ in range(3):
        assert doctor("push", **vapid()) == {}


# --- backups ---


def test_backups(doctor, tell):
    tell("UPDATE llmio.backups SET proved_at = now() - interval '3 days'")
    assert doctor("backup") == {"backup.old": ["last proved 3 days ago"]}
    tell("UPDATE llmio.backups SET proved_at = NULL")
    assert doctor("backup") == {"backup.old": ["none was ever proved"]}
    tell("DELETE FROM llmio.backups")
    assert codes(doctor("backup")) == ["backup.unknown"]


def test_backup_that_failed_after_one_that_was_well(doctor, tell):
    tell(
        "INSERT INTO llmio.backups (archive, size, made_at, proved_at, fault) VALUES ('b.tar', 1, now(), now(), 'poll 7 differs')"
    )
    assert doctor("backup") == {"backup.failed": ["b.tar: poll 7 differs"]}


# --- plugins, search ---


@pytest.fixture
def strangers(tmp_path, monkeypatch):
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    installed = Installed(folder)
    yield installed
    installed.forget()


PAGES = """
from llmio.plugins import Plugin, hookimpl

PLUGIN = Plugin("Pages at fault", "Cannot add its pages.")


@hookimpl
def llmio_includeme(config):
    raise RuntimeError("no pages today")
"""


STORAGE = """
import errno

from llmio.plugins import Plugin, StorageBackend, hookimpl

PLUGIN = Plugin("A shelf", "Keeps nothing.")


class Shelf(StorageBackend):
    key, title, error = "{key}", "Shelf", {error}

    def filesystem(self, settings):
        raise self.error

    def path(self, key, settings):
        return key

    def probe(self, settings):
        raise self.error


@hookimpl
def llmio_storages():
    return [Shelf()]
"""


@pytest.mark.parametrize(
    ("error", "code"), [("OSError(errno.ENOSPC, 'no room')", "storage.full"), ("RuntimeError('odd')", "storage.other")]
)
def test_storage_of_a_plugin_says_what_its_errors_mean(doctor, strangers, error, code):
    strangers.add("storage_shelf", STORAGE.format(key="shelf", error=error))
    assert codes(doctor("storage", ACTIVE_STORAGE_SERVICE="shelf")) == [code]


def test_plugin_that_cannot_be_loaded(doctor, strangers):
    strangers.add("broken", "import no_such_module_anywhere")
    told = doctor("plugins")
    assert codes(told) == ["plugins.failed"]
    assert "broken (failed)" in told["plugins.failed"][0]


def test_plugin_whose_pages_are_set_aside(doctor, strangers):
    strangers.add("pages_at_fault", PAGES)
    told = doctor("plugins")
    assert codes(told) == ["plugins.failed"]
    assert "no pages today" in told["plugins.failed"][0]


def test_plugin_that_is_required_and_missing(doctor):
    told = doctor("plugins", LLMIO_PLUGINS_REQUIRED="poll_nowhere")
    assert codes(told) == ["plugins.missing"]
    assert "poll_nowhere" in told["plugins.missing"][0]


def test_plugin_that_failed_lately(doctor, tell):
    row = ("INSERT INTO llmio.plugin_failures (plugin, digest, place, error, traceback, count, first_at, last_at) "
           "VALUES ('poll_score', 'd', 'polls.score.tally', 'ValueError: no', '', 3, now(), now() - interval '{ago}')")  # fmt: skip
    try:
        tell(row.format(ago="2 days"))
        assert doctor("plugins") == {}
        tell("DELETE FROM llmio.plugin_failures", row.format(ago="1 hour"))
        told = doctor("plugins")
    finally:
        tell("DELETE FROM llmio.plugin_failures")
    assert codes(told) == ["plugins.failing"]
    assert "poll_score" in told["plugins.failing"][0]


def test_what_absent_plugins_left_behind(doctor, tell):
    tell("CREATE SCHEMA plugin_poll_gone")
    try:
        told = doctor("plugins")
    finally:
        tell("DROP SCHEMA plugin_poll_gone")
    assert codes(told) == ["plugins.orphan"]
    assert "poll_gone" in told["plugins.orphan"][0]


def test_search_that_is_empty_or_behind(doctor, tell, site):
    tell("INSERT INTO llmio.outbox (job, queue, args, created_at, available_at) "
         "VALUES ('search.index', 'low', '[]', now(), now() - interval '1 hour')")  # fmt: skip
    assert codes(doctor("search")) == ["search.behind"]
    tell("DELETE FROM llmio.outbox", "INSERT INTO public.discussions (title, created_at, updated_at, key, author_id) "
         "VALUES ('Lunch', now(), now(), 'lunchkey', 1)")  # fmt: skip
    try:
        told = doctor("search")
    finally:
        tell("DELETE FROM public.discussions")
    assert codes(told) == ["search.empty"]
