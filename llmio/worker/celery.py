"""The Celery application: five weighted queues and one task, which runs an outbox row."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from celery import Celery, signals
from celery.platforms import SecurityWarning
from celery.worker import state
from kombu.entity import Queue

from llmio.core import outbox
from llmio.core.jobs import QUEUES
from llmio.worker.queue import TASK, queue_url
from llmio.worker.transport import Amqp

if TYPE_CHECKING:
    from llmio.core.app import App

VISIBILITY = 12 * 3600
"""Seconds after which Redis hands out a hint again that nobody has acknowledged. Longer than the longest wait between
two tries (6 h); the relay replaces hints of a dead worker long before."""


class Told(logging.Filter):
    """Drops what Celery says at each try to connect (the relay says it once, and once that all is well again) and of the
    default that a setting of ours will have one day.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """False to drop."""
        return "onnect" not in str(record.msg) and "CPendingDeprecationWarning" not in str(record.args)


def make(app: App, run_row: Callable[[int], object] | None = None) -> Celery:
    """The Celery application of this process; `run_row` does what a hint says (else the outbox)."""
    celery = Celery("llmio", broker=queue_url(app.settings), set_as_current=False, amqp=Amqp)
    celery.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_queues=[
            Queue(name, routing_key=name)  # type: ignore[no-untyped-call]  # kombu is untyped
            for name in QUEUES
        ],
        task_default_queue="default",
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=2,
        broker_transport_options={
            "visibility_timeout": VISIBILITY,
            "queue_order_strategy": "llmio.worker.fairness:WeightedCycle",
            "priority_steps": [0],
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
        },
        enable_utc=True,
    )

    @celery.task(name=TASK)
    def run(outbox_id: int) -> None:
        if run_row is None:
            outbox.run(app, outbox_id)
        else:
            run_row(outbox_id)

    return celery


def stop() -> None:
    """Have this process's consumer end as at SIGTERM."""
    state.should_stop = 0


def _leave_the_log(**_what: object) -> None:
    """Nothing to do: `core.logs` did it."""


def consume(
    celery: Celery, hands: int, *, pool: str = "threads", asked_to_end: Callable[[], None] = lambda: None
) -> None:
    """Consume hints with so many hands until SIGTERM or SIGINT; then finish the running jobs.

    `asked_to_end` is called when such a signal comes.

    Threads measure best for jobs that mostly wait (docs/developers/decisions/queues.md); other pools are for measuring.
    """

    def told(**_what: object) -> None:
        asked_to_end()

    signals.worker_shutting_down.connect(told, weak=False)
    # With somebody connected it leaves the log as the operator wants it; else it would hush all below warnings.
    signals.setup_logging.connect(_leave_the_log, weak=False)
    with warnings.catch_warnings():
        # It warns of pickle in the hands of root; we take JSON alone.
        warnings.simplefilter("ignore", SecurityWarning)
        for name in ("celery.worker.consumer.consumer", "py.warnings"):
            logging.getLogger(name).addFilter(Told())
        worker = celery.Worker(
            pool_cls=pool,
            concurrency=hands,
            loglevel="WARNING",
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            quiet=True,
        )
        worker.start()
