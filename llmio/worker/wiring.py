"""Gives an App its ports to the outside, and the jobs of the outer rooms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.core.urls import redis_url
from llmio.worker.background import Threads
from llmio.worker.queue import CeleryQueue, client, queue_url

if TYPE_CHECKING:
    from llmio.core.app import App

ANSWER_SECONDS = 1.0


def wire(app: App, *, real_ports: bool) -> None:
    """Fill `app.redis`, the jobs of the live channel and, unless a test gave its own, the ports.

    Connections are opened when first used, by the process that uses them.
    """
    from llmio.live import jobs as live  # noqa: PLC0415  # slow

    live.register(app)
    url = redis_url(app.settings)
    if url and app.redis is None:
        app.redis = client(url, seconds=ANSWER_SECONDS)
    if real_ports:
        _open(app)


def _open(app: App) -> None:
    from llmio.integrations.http import GuardedHttp  # noqa: PLC0415  # slow
    from llmio.live.publish import RedisLive  # noqa: PLC0415  # slow
    from llmio.mail.smtp import SmtpMailer  # noqa: PLC0415  # likewise

    app.ports.http = GuardedHttp(app.settings)
    app.ports.background = Threads()
    app.ports.mailer = SmtpMailer(app.settings, app.ports.clock)
    if queue_url(app.settings):
        app.ports.queue = CeleryQueue(queue_url(app.settings))
    if app.redis is not None:
        app.ports.live = RedisLive(app.redis)
