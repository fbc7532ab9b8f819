"""Messages to channels, and to people by other ways than mail: each in its turn, sent by threads of their own, so that a slow one delays nobody.

The job only claims a delivery and hands it over; it never waits for the network. While a message is being sent its row
says until when, and a job of that moment looks whether it was: should the process be killed in between, that job sends
it again (with the same id). Whatever jobs there are for a delivery, only one of them finds the number of tries it knows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from llmio.core import outbox
from llmio.core.jobs import job
from llmio.core.outbox import Outbox
from llmio.core.ports import Http, HttpAnswer
from llmio.notifications import pace
from llmio.notifications.deliveries import MAX_ATTEMPTS, Attempt, Delivery, Status
from llmio.notifications.sending import Broke, Ready, count, give_up, hidden, prepare
from llmio.plugins import Failed, Outcome, Retry, Sent

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

log = logging.getLogger(__name__)
LEASE = timedelta(seconds=120)
"""Longer than any message takes: a request ends after 15 seconds, and a notifier makes none after so long."""
LATE = timedelta(seconds=90)
BUSY, PROBED = timedelta(seconds=2), timedelta(seconds=15)
"""How long a message waits while others of its channel are being sent; while one tries whether the channel is back."""
BODY, ANSWER = 20_000, 2_000
HIDDEN = frozenset({"authorization", "cookie", "proxy-authorization"})
KEPT = timedelta(days=30)


@job("notifications.deliver_to_channel", queue="default", transaction=False)
def deliver_to_channel(app: App, delivery_id: int, attempts: int | None = None, in_turn: bool = False) -> None:  # noqa: FBT001, FBT002  # arguments of jobs have no names
    """Hand one message to a channel (chat, webhook) when its turn has come."""
    with app.begin() as ctx:
        ready = claim(ctx, delivery_id, attempts, in_turn=in_turn)
    if ready is not None:
        lane, ailing, message = ready
        app.ports.background.run(lane, lambda: send(app, delivery_id, lane, message), ailing=ailing)


def claim(ctx: Context, delivery_id: int, attempts: int | None, *, in_turn: bool) -> tuple[str, bool, Ready] | None:
    """Lane, whether it is out of order, and message, where it is to be sent now; else its job is put off, or there is
    nothing to do.
    """
    row = ctx.db.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).one_or_none()
    if row is None or row.status != Status.PENDING or attempts not in (None, row.attempts):
        return None
    until = row.data.get("sending_until")
    if until and datetime.fromisoformat(until) > ctx.now:
        return None
    lane = f"{row.recipient_type}:{row.recipient_id}"
    lane += f":{row.notifier}" if row.recipient_type == "User" else ""
    turn = pace.look(ctx, lane) if in_turn else pace.reserve(ctx, lane)
    if turn.at > ctx.now or not ctx.ports.background.room(lane, ailing=turn.ailing):
        wait = turn.at - ctx.now if turn.at > ctx.now else PROBED if turn.ailing else BUSY
        ctx.enqueue(deliver_to_channel, row.id, row.attempts, True, delay=wait)  # noqa: FBT003  # arguments of jobs have no names
        return None
    ready = prepare(ctx, delivery_id)
    if ready is None:
        return None
    watch = outbox.add(ctx, deliver_to_channel, (row.id, row.attempts, True), delay=LEASE)
    ctx.db.flush()
    row.data = {**row.data, "sending_until": (ctx.now + LEASE).isoformat(), "watch": watch.id}
    return lane, turn.ailing, ready


def send(app: App, delivery_id: int, lane: str, ready: Ready) -> None:
    """Send it, and write down what came of it."""
    started = app.ports.clock.now()
    recorder = Recorder(app.ports.http, ready.secrets, lambda: app.ports.clock.now() - started > LATE)
    outcome = ready.send(app, http=recorder)
    with app.begin() as ctx:
        record(ctx, delivery_id, lane, outcome, Try(started, recorder.requests))


@dataclass(frozen=True)
class Try:
    """When it began, and the requests made."""

    started: datetime
    requests: list[dict[str, Any]]


def record(ctx: Context, delivery_id: int, lane: str, outcome: Outcome, tried: Try) -> None:
    """Delivered, tried again later, or dead after the last try."""
    row = ctx.db.scalars(select(Delivery).where(Delivery.id == delivery_id).with_for_update()).one_or_none()
    if row is None:
        return
    row.attempts += 1
    row.attempted_at = ctx.now
    count(row.notifier, outcome)
    kept = dict(row.data)
    kept.pop("sending_until", None)
    ctx.db.execute(delete(Outbox).where(Outbox.id == kept.pop("watch", 0)))
    row.data = kept
    if isinstance(outcome, Sent):
        row.status, row.answer, row.delivered_at = Status.DELIVERED, outcome.answer, ctx.now
    elif isinstance(outcome, Failed) or row.attempts >= MAX_ATTEMPTS:
        give_up(row, outcome)
    else:
        row.answer = outcome.reason
        wait = delay_of(outcome, row.attempts)
        ctx.enqueue(deliver_to_channel, row.id, row.attempts, delay=timedelta(seconds=wait))
    if isinstance(outcome, Retry):
        if not isinstance(outcome, Broke):  # else it was us
            pace.failed(ctx, lane, outcome.after)
    else:
        pace.answered(ctx, lane)
    words = "sent" if isinstance(outcome, Sent) else "retry" if isinstance(outcome, Retry) else "failed"
    took = int((ctx.now - tried.started).total_seconds() * 1000)
    ctx.db.add(
        Attempt(
            delivery_id=row.id,
            number=row.attempts,
            started_at=tried.started,
            milliseconds=max(0, took),
            outcome=words,
            requests=tried.requests if row.recipient_type != "User" else [],  # what is said to a person is kept nowhere
        )
    )


def delay_of(outcome: Retry, attempts: int) -> float:
    """Seconds to wait before the next try: 10, 30, 90 … at most six hours; as asked for where that is longer than a tenth."""
    grown = min(10.0 * 3.0 ** (attempts - 1), 6 * 3600.0)
    return grown if outcome.after is None else max(outcome.after, grown / 10)


@dataclass
class Recorder:
    """The Http port, with notes of what was sent and answered; what would let others act in its place is left out."""

    http: Http
    secrets: Sequence[str] = ()
    late: Callable[[], bool] = bool
    requests: list[dict[str, Any]] = field(default_factory=list)

    def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> HttpAnswer:
        """POST."""
        return self.request("POST", url, headers=headers, body=body)

    def request(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"") -> HttpAnswer:
        """Send and note."""
        if self.late():  # soon the message is taken for lost, and sent again
            return HttpAnswer(0, {}, "this message has taken too long already")
        answer = self.http.request(method, url, headers=headers, body=body)
        self.requests.append(
            {
                "method": method,
                "url": self._told(url)[:BODY],
                "headers": {k: "…" if k.lower() in HIDDEN else self._told(v) for k, v in headers.items()},
                "body": self._told(body.decode("utf-8", "replace"))[:BODY],
                "status": answer.status,
                "answer": self._told(answer.text)[:ANSWER],
            }
        )
        return answer

    def _told(self, text: str) -> str:
        return hidden(text, self.secrets).replace("\0", "")


@job("notifications.forget_attempts", queue="low")
def forget_attempts(ctx: Context) -> None:
    """Forget what was sent to channels a month ago; that it was sent stays known."""
    ctx.db.execute(delete(Attempt).where(Attempt.started_at < ctx.now - KEPT))
