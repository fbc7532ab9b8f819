"""What the core needs from outside: protocols, and the value objects they exchange.

Each port has one real implementation in an outer room and a memory twin in `llmio.testing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import IO, Any, Protocol


class Clock(Protocol):
    """The time; the only source of it."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


class Queue(Protocol):
    """Carries hints that outbox rows wait. It may lose them: the relay sweeps rows that stayed."""

    def kick(self, rows: Sequence[tuple[int, str]]) -> bool:
        """Ask workers to run these rows, as (id, queue), now; False when the hints are lost. Never raises."""
        ...


class NoQueue:
    """Carries nothing; the relay finds every row by itself."""

    def kick(self, rows: Sequence[tuple[int, str]]) -> bool:
        """Do nothing."""
        return not rows


@dataclass(frozen=True)
class Mail:
    """One mail, ready to send. `to` and `sender` are (name, address)."""

    to: tuple[str, str]
    sender: tuple[str, str]
    subject: str
    text: str
    html: str
    message_id: str
    reply_to: tuple[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[tuple[str, str, bytes]] = ()
    """(file name, content type, content) each."""
    files: Sequence[tuple[str, str, Callable[[], IO[bytes]]]] = ()
    """Attachments that may be large, each opened and read while the mail is sent: (file name, content type, open)."""
    kind: str = ""
    """What it is about, as the log of mails names it: `login`, `catch_up`, or the kind of an event."""


@dataclass(frozen=True)
class Receipt:
    """What the other side answered: `ok`, its words, and whether trying again later may help.

    `bounced`: the address itself is what was refused for good. `held`: it was not even tried, since the address bounced
    or complained before.
    """

    ok: bool
    answer: str = ""
    permanent: bool = False
    bounced: bool = False
    held: bool = False


class Mailer(Protocol):
    """Hands mails to a mail server."""

    def send(self, mail: Mail) -> Receipt:
        """Send; never raises for what the server answers."""
        ...


@dataclass(frozen=True)
class HttpAnswer:
    """An answer to an outgoing request; `status` 0 means none came (`text` says why)."""

    status: int
    headers: Mapping[str, str]
    text: str


class Http(Protocol):
    """Outgoing requests: with time-outs, no private addresses unless the operator allows them."""

    def request(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
        """Send a request and return the answer; never raises for what the network does."""
        ...

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """POST."""
        ...


class Fetcher(Http, Protocol):
    """Outgoing requests of which one may bring a whole file."""

    def fetch(self, url: str, into: IO[bytes], *, max_bytes: int) -> HttpAnswer:
        """GET a file, written to `into` as it comes; `text` is empty then, or says why it is not all there (status 0)."""
        ...


LIVE_TOKEN = "/current_users/"  # noqa: S105  # the beginning of a key in Redis, no secret
"""Before a person's token: the Redis key of who they are and which rooms they may join."""


LIVE_CLIENTS = "llmio:live:clients:"
"""Before the name of a channel server: how many pages listen to it."""


class Live(Protocol):
    """Tells browsers what changed."""

    def publish(self, room: str, records: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Send records to a room (`group-<id>` or `user-<id>`); a lost message is not an error."""
        ...

    def reseat(self, user_id: int, token: str, group_ids: Sequence[int] | None) -> None:
        """Have a person's open pages hear of these groups and no others; None: they are signed out everywhere."""
        ...


class NoLive:
    """Tells nobody."""

    def publish(self, room: str, records: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Do nothing."""

    def reseat(self, user_id: int, token: str, group_ids: Sequence[int] | None) -> None:
        """Do nothing."""


class Background(Protocol):
    """Does what waits for others' servers, beside the jobs: so that a slow one takes no worker's hand."""

    def room(self, lane: str, *, ailing: bool = False) -> bool:
        """Whether more of this lane can be taken on now; of one that failed lately (`ailing`) only one at a time."""
        ...

    def run(self, lane: str, work: Callable[[], None], *, ailing: bool = False) -> None:
        """Do it, now or soon; what it raises is logged."""
        ...


class AtOnce:
    """Does it here and now."""

    def room(self, lane: str, *, ailing: bool = False) -> bool:
        """Always."""
        return True

    def run(self, lane: str, work: Callable[[], None], *, ailing: bool = False) -> None:
        """Do it."""
        work()


@dataclass
class Ports:
    """The ports an App was given."""

    clock: Clock
    queue: Queue
    mailer: Mailer
    http: Fetcher
    live: Live
    background: Background = field(default_factory=AtOnce)
