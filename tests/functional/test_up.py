"""`llmio up`: one command runs the site, keeps it running, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from email.message import EmailMessage
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from llmio.embedded.ports import free_port
from llmio.embedded.process import marked_with, working_in
from llmio.embedded.process import wait_until as until
from llmio.testing.servers import Addresses
from tests import factories
from tests.commands import run_command
from tests.loopback import PLAIN

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found by /proc"),
    pytest.mark.xdist_group("up"),
]
START_SECONDS = 90
CONFIGURED = (
    "DATABASE_URL",
    "REDIS_URL",
    "REDIS_QUEUE_URL",
    "SMTP_SERVER",
    "CHANNELS_URL",
    "PORT",
    "HOST",
    "LLMIO_DATA",
)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Asked ten times a second: looking through all processes or asking a page takes the time of what is being started."""
    return until(condition, seconds, every=0.1)


class Site:
    """A site started by `llmio up`, as a person at a terminal would start it."""

    def __init__(self, data: Path, port: int, *options: str, **variables: str) -> None:
        self.data = data
        self.output = data.parent / f"{data.name}.out"
        environment = {name: value for name, value in os.environ.items() if name not in CONFIGURED}
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "llmio", "up", "--port", str(port), "--data", str(data), *options],
                env=environment | variables,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0,  # of an account that keeps nothing to itself
            )

    def said(self) -> str:
        """What the person read so far."""
        return self.output.read_text()

    def wait(self) -> Site:
        """Wait for the greeting."""
        done = wait_until(lambda: "is ready" in self.said() or self.process.poll() is not None, START_SECONDS)
        assert done, "no greeting in time"
        assert "is ready" in self.said(), self.said()
        return self

    @property
    def url(self) -> str:
        found = re.search(r"is ready: (\S+)", self.said())
        assert found is not None
        return found[1]

    def get(self, path: str, seconds: float = 60) -> httpx.Response:
        """A page."""
        return PLAIN.get(f"{self.url}{path}", timeout=seconds, follow_redirects=True)

    def answers(self) -> bool:
        """Whether the web server is there."""
        try:
            return self.get("/up", 5).status_code == 200
        except httpx.HTTPError:
            return False

    def well(self) -> bool:
        """Whether every part is."""
        try:
            return self.get("/health", 10).status_code == 200
        except httpx.HTTPError:
            return False

    def of(self, command: str) -> list[int]:
        """Processes of one of llmio's own commands."""
        marked = marked_with(f"LLMIO_SUPERVISED={self.data}")
        return sorted(pid for pid in marked if shown_as(pid).startswith(f"llmio {command} "))

    def everything(self) -> list[int]:
        """Processes of this site, whoever started them."""
        servers = working_in((self.data / "postgres").resolve() / "cluster") + working_in(self.data / "valkey")
        return marked_with(f"LLMIO_SUPERVISED={self.data}") + servers

    def end(self, sign: signal.Signals = signal.SIGINT) -> int:
        """Ctrl-C, and the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(90)


def shown_as(pid: int) -> str:
    """A process as `ps` shows it; nothing when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def paths_below(folder: Path) -> Iterator[Path]:
    """All that is in a folder, where files come and go; links are not followed."""
    for where, folders, files in os.walk(folder):
        yield from (Path(where, name) for name in folders + files)


def mode_of(path: Path) -> int:
    """0 where it is gone."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def files_of(pid: int) -> list[Path]:
    """What a process has open; it opens and closes meanwhile."""
    found = []
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(entry.readlink())
    return found


REPLY_HOST = "reply.example.test"


@pytest.fixture(scope="module")
def folder(llmio_servers: Addresses) -> Iterator[Path]:
    """A folder that every account may enter."""
    path = Path(tempfile.mkdtemp(prefix="llmio-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def smtp_port() -> int:
    """Where that site takes mail."""
    return free_port()


@pytest.fixture(scope="module")
def site(folder: Path, smtp_port: int) -> Iterator[Site]:
    """One site for the tests that leave it running."""
    mail = {"REPLY_HOSTNAME": REPLY_HOST, "LLMIO_SMTP_PORT": str(smtp_port), "LLMIO_SMTP_HOST": "127.0.0.1"}
    running = Site(folder / "var", free_port(), **mail, LLMIO_DNS_SERVERS="127.0.0.1").wait()
    yield running
    running.end()


def test_first_page_and_health_are_served(site: Site) -> None:
    assert site.get("/up").text.strip() == "ok"
    assert site.get("/").status_code == 200
    assert wait_until(site.well, 120), site.get("/health").text


def test_secrets_are_for_this_user_alone(site: Site) -> None:
    for name in ("secrets.json", "setup-token", "run/environment.json"):
        assert (site.data / name).stat().st_mode & 0o777 == 0o600, name
    for name in ("mail", "log", "run"):
        assert (site.data / name).stat().st_mode & 0o077 == 0, name
    kept = {path: mode for path in paths_below(site.data) if not stat.S_ISLNK(mode := mode_of(path))}
    assert [path for path, mode in kept.items() if mode & 0o077 and not stat.S_ISSOCK(mode)] == []
    assert len(kept) > 20
    token = (site.data / "setup-token").read_text()
    assert f"{site.url}/setup/{token}" in site.said()


def test_second_start_on_the_same_folder_is_refused(site: Site) -> None:
    again = subprocess.run(
        [sys.executable, "-m", "llmio", "up", "--data", str(site.data)], capture_output=True, text=True, check=False
    )
    assert again.returncode == 1
    assert again.stderr == f"Error: llmio already runs on the data folder {site.data}: {site.url}.\n"


def test_other_commands_find_the_servers_of_a_running_site(site: Site) -> None:
    answer = run_command("db", "check", "--json", env={"LLMIO_DATA": str(site.data)})
    assert json.loads(answer.stdout) == {"ok": True, "differences": []}
    lost = run_command("db", "check", "--json", env={"LLMIO_DATA": str(site.data / "none")})
    assert lost.code == 1
    assert lost.stderr.startswith("Error: DATABASE_URL is not set")


def test_the_doctor_finds_nothing_wrong(site: Site) -> None:
    assert wait_until(site.well, 120)
    expected = {"push.unused": "note", "backup.unknown": "note"}
    found = {}

    def looked() -> bool:
        answer = run_command("doctor", "--json", env={"LLMIO_DATA": str(site.data), "LLMIO_DNS_SERVERS": "127.0.0.1"})
        found.clear()
        found.update({one["code"]: one["severity"] for one in json.loads(answer.stdout)["findings"]})
        found.pop("doctor.slow", None)  # of the machine, which has much to do
        return found == expected

    wait_until(looked, 90)  # the demo is indexed soon after the start
    assert found == expected, "notes on what it has not, and no fault"


def test_mail_is_kept_and_goes_nowhere(site: Site) -> None:
    assert wait_until(lambda: bool(site.of("worker")), 90), site.said() + (site.data / "log" / "worker.log").read_text()
    port = json.loads((site.data / "ports.json").read_text())["smtp"]
    mail = EmailMessage()
    mail["Subject"] = "Wird zugestellt? Nein."
    mail.set_content("Grüße")

    def send() -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", port, timeout=60) as server:
                server.send_message(mail, "from@example.org", ["to@example.org", "hidden@example.org"])
        except OSError:
            return False
        return True

    assert wait_until(send, 90)
    kept = "".join(path.read_text() for path in (site.data / "mail" / "new").iterdir())
    assert "X-RcptTo: to@example.org, hidden@example.org" in kept


def test_mail_to_a_group_becomes_a_thread(site: Site, smtp_port: int) -> None:
    """`llmio up` runs the mail server that takes mail, where it is told for which host and on which port."""
    database = json.loads((site.data / "run" / "environment.json").read_text())["DATABASE_URL"]
    engine = create_engine(database.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with Session(engine, expire_on_commit=False) as db:
            ada = factories.user(db, "Ada", email="ada@example.test", email_api_key="KeyOfAda01")
            factories.group(db, "Mill", admin=ada, handle="mill-by-mail")
            db.commit()
        mail = EmailMessage()
        mail["From"], mail["Subject"], mail["Message-ID"] = "ada@example.test", "A new stone", "<1@example.test>"
        address = f"mill-by-mail+u={ada.id}&k=KeyOfAda01@{REPLY_HOST}"
        mail["To"] = address
        mail.set_content("The old one is worn.")

        def send() -> bool:
            try:
                with smtplib.SMTP("127.0.0.1", smtp_port, timeout=60) as server:
                    server.send_message(mail, "ada@example.test", [address])
            except OSError:
                return False
            return True

        def posted() -> bool:
            with engine.connect() as connection:
                found = connection.execute(
                    text("SELECT description FROM discussions WHERE title = 'A new stone'")
                ).scalars()
                return found.all() == ["The old one is worn."]

        assert wait_until(send, 90)
        with smtplib.SMTP("127.0.0.1", smtp_port, timeout=60) as server, pytest.raises(smtplib.SMTPRecipientsRefused):
            server.send_message(mail, "ada@example.test", ["somebody@elsewhere.test"])
        assert wait_until(posted, 60)
    finally:
        engine.dispose()


@pytest.mark.parametrize("command", ["serve", "worker", "channels"])
def test_a_killed_program_is_started_again(site: Site, command: str) -> None:
    assert wait_until(site.well, 120), site.get("/health").text
    before = site.of(command)
    # Whoever had a lock of the supervisor open would keep the next one out, of the folder or of its database.
    assert not [path for pid in before for path in files_of(pid) if path.name == "lock"]
    os.kill(before[0], signal.SIGKILL)
    assert wait_until(lambda: bool(set(site.of(command)) - set(before)) and before[0] not in site.of(command), 90)
    assert wait_until(site.answers, 90)
    # The others of its group would go on beside the new one: two web servers, sharing a port.
    assert not set(before) & set(site.of(command))
    assert wait_until(site.well, 120), site.get("/health").text


@pytest.mark.parametrize("server", ["postgres/cluster", "valkey"])
def test_a_killed_server_is_started_again(site: Site, server: str) -> None:
    folder = (site.data / "postgres").resolve() / "cluster" if "postgres" in server else site.data / server
    before = sorted(working_in(folder))
    os.kill(before[0], signal.SIGKILL)
    assert wait_until(lambda: bool(working_in(folder)) and before[0] not in working_in(folder), 90)
    assert wait_until(site.well, 120), site.get("/health").text


@pytest.fixture(scope="module")
def pair(folder: Path) -> Iterator[tuple[Site, Site]]:
    """Two sites that were started at once, and asked for the same port; the tests below end them and start them again."""
    port = free_port()
    sites = Site(folder / "one", port, "--no-demo"), Site(folder / "two", port, "--no-demo")
    yield sites[0].wait(), sites[1].wait()
    for site in sites:
        site.end()


def again(site: Site) -> Site:
    """A further start on the folder and the port of a site."""
    return Site(site.data, int(site.url.rpartition(":")[2]), "--no-demo")


def test_two_sites_start_at_once(pair: tuple[Site, Site]) -> None:
    assert pair[0].url != pair[1].url
    assert all(wait_until(site.well, 120) for site in pair)


def test_a_site_whose_supervisor_was_killed_starts_again_at_once(pair: tuple[Site, Site]) -> None:
    site = pair[1]
    url, token = site.url, (site.data / "setup-token").read_text()
    os.kill(site.process.pid, signal.SIGKILL)
    site.process.wait(60)
    at_once = again(site).wait()
    assert at_once.url == url
    assert (at_once.data / "setup-token").read_text() == token
    assert at_once.end(signal.SIGTERM) == 0
    assert at_once.everything() == []


def test_ctrl_c_and_kill_leave_nothing_and_keep_everything(pair: tuple[Site, Site]) -> None:
    first = pair[0]
    url, token = first.url, (first.data / "setup-token").read_text()
    assert first.end() == 0
    assert first.everything() == []
    second = again(first).wait()
    assert second.url == url
    assert (second.data / "setup-token").read_text() == token
    os.kill(second.process.pid, signal.SIGKILL)
    second.process.wait(60)
    assert wait_until(lambda: not second.everything(), 90), second.everything()


@pytest.fixture(scope="module")
def beside(folder: Path, llmio_servers: Addresses) -> Iterator[tuple[Site, int]]:
    """A site with a database that was there already, told a port that somebody else has; and that port."""
    name = llmio_servers.copy_template()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = int(taken.getsockname()[1])
        site = Site(folder / "beside", port, "--no-demo", DATABASE_URL=llmio_servers.database(name)).wait()
        yield site, port
        site.end()
    llmio_servers.drop(name)


def test_a_taken_port_is_said_and_the_next_taken(beside: tuple[Site, int]) -> None:
    site, port = beside
    used = re.search(rf"Port {port} is taken; using (\d+)\.", site.said())
    assert used is not None, site.said()
    assert port < int(used[1]) < port + 100, "the next one, unless somebody else has that"
    assert site.url == f"http://localhost:{used[1]}"


def test_a_configured_database_replaces_the_embedded_one(beside: tuple[Site, int]) -> None:
    site, _port = beside
    assert wait_until(site.well, 120)
    assert not (site.data / "postgres").exists()
    assert (site.data / "valkey").exists()
    assert site.end() == 0


def test_a_database_that_does_not_answer_is_said_in_words(folder: Path) -> None:
    site = Site(folder / "wrong", free_port(), "--no-demo", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert site.process.wait(START_SECONDS) == 1
    assert "The database does not answer" in site.said()
    assert "Traceback" not in site.said()
    assert site.everything() == []
