"""Memory twins of the core's ports: they keep what was handed to them, and answer as a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import IO, Any

from llmio.core.ports import HttpAnswer, Mail, Ports, Receipt


class MovableClock:
    """The machine's clock, which a test may move or stop."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._stopped: datetime | None = None

    def now(self) -> datetime:
        """The present moment of the test."""
        return self._stopped or datetime.now(UTC) + self._ahead

    def move(self, **by: float) -> datetime:
        """Go on by `days=…, hours=…, seconds=…` (back if negative); the new moment."""
        if self._stopped:
            self._stopped += timedelta(**by)
        else:
            self._ahead += timedelta(**by)
        return self.now()

    def set(self, moment: datetime) -> datetime:
        """Stop at a moment."""
        self._stopped = moment.astimezone(UTC)
        return self._stopped

    def reset(self) -> None:
        """Back to the machine's time."""
        self._ahead, self._stopped = timedelta(0), None


@dataclass
class MemoryQueue:
    """Keeps the hints; runs nothing (see the fixture `run_jobs`)."""

    kicks: list[tuple[int, str]] = field(default_factory=list)

    def kick(self, rows: Sequence[tuple[int, str]]) -> bool:
        """Note the hints."""
        self.kicks.extend(rows)
        return True

    def reset(self) -> None:
        """Forget all."""
        self.kicks.clear()


@dataclass
class Mailbox:
    """Every mail sent; `answers` are given one by one, then OK."""

    mails: list[Mail] = field(default_factory=list)
    answers: list[Receipt] = field(default_factory=list)

    def send(self, mail: Mail) -> Receipt:
        """Take a mail; it arrives only if the answer is good."""
        answer = self.answers.pop(0) if self.answers else Receipt(ok=True, answer="250 OK")
        if answer.ok:
            self.mails.append(mail)
        return answer

    def to(self, address: str) -> list[Mail]:
        """The mails to one address, oldest first."""
        return [mail for mail in self.mails if mail.to[1].lower() == address.lower()]

    def last(self, address: str | None = None) -> Mail:
        """The newest mail (to an address)."""
        mails = self.to(address) if address else self.mails
        if not mails:
            raise AssertionError(f"no mail{' to ' + address if address else ''}; there are {self.addresses()}")
        return mails[-1]

    def addresses(self) -> list[str]:
        """Who was written to, in order."""
        return [mail.to[1] for mail in self.mails]

    def reset(self) -> None:
        """Forget all."""
        self.mails.clear()
        self.answers.clear()


@dataclass(frozen=True)
class Posted:
    """One outgoing request."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"


@dataclass
class MemoryHttp:
    """Every request made; `answers` are given one by one, then 200. `files` holds what lies at addresses to fetch."""

    posts: list[Posted] = field(default_factory=list)
    answers: list[HttpAnswer] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    def fetch(self, url: str, into: IO[bytes], *, max_bytes: int) -> HttpAnswer:
        """Give the file at an address, unless another answer was set."""
        if self.answers or url not in self.files:
            return self.answers.pop(0) if self.answers else HttpAnswer(404, {}, "not here")
        into.write(self.files[url][:max_bytes])
        return HttpAnswer(200, {}, "")

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """Note the request."""
        return self.request("POST", url, headers=headers, body=body)

    def request(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
        """Note the request."""
        self.posts.append(Posted(url, dict(headers), body, method))
        return self.answers.pop(0) if self.answers else HttpAnswer(200, {}, "ok")

    def reset(self) -> None:
        """Forget all."""
        self.posts.clear()
        self.answers.clear()
        self.files.clear()


@dataclass
class MemoryLive:
    """Every message to browsers, as (room, records)."""

    messages: list[tuple[str, Mapping[str, Sequence[Mapping[str, Any]]]]] = field(default_factory=list)
    seats: list[tuple[int, tuple[int, ...] | None]] = field(default_factory=list)
    """(user id, groups they hear of from then on)."""

    def publish(self, room: str, records: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Note the message."""
        self.messages.append((room, records))

    def reseat(self, user_id: int, token: str, group_ids: Sequence[int] | None) -> None:
        """Note where they sit."""
        self.seats.append((user_id, None if group_ids is None else tuple(group_ids)))

    def reset(self) -> None:
        """Forget all."""
        self.messages.clear()
        self.seats.clear()


def memory_ports() -> Ports:
    """Ports that reach nothing outside the process."""
    return Ports(clock=MovableClock(), queue=MemoryQueue(), mailer=Mailbox(), http=MemoryHttp(), live=MemoryLive())
