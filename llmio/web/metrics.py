"""`/metrics` for Prometheus, and what is counted of each request.

The sums are the whole site's, so any one web process can be asked. https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from pyramid.response import Response
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

import llmio
from llmio.core import reports, trace
from llmio.core.jobs import QUEUES as QUEUES_BY_WEIGHT
from llmio.core.measures import METRICS, SECONDS, measures
from llmio.core.permissions import Permission
from llmio.core.ports import LIVE_CLIENTS
from llmio.web.health import examine
from llmio.web.limits import is_private

if TYPE_CHECKING:
    from llmio.core.app import App

log = logging.getLogger("llmio.requests")
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
"""All others count as one: who makes up words must not fill the memory of all who count."""
QUIET = frozenset(("up", "health", "metrics"))
QUEUES = text(
    "SELECT queue, count(*) FILTER (WHERE dead_at IS NULL) AS waiting, count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead,"
    " EXTRACT(epoch FROM :now - min(available_at) FILTER (WHERE dead_at IS NULL AND available_at <= :now)) AS oldest"
    " FROM llmio.outbox GROUP BY queue"
)


def includeme(config: Any) -> None:
    """The route, and the tween that counts."""
    config.add_route("metrics", "/metrics", request_method="GET")
    config.add_view(metrics, route_name="metrics", permission=Permission.PUBLIC, require_csrf=False)
    config.add_tween("llmio.web.metrics.counting")


def counting(handler: Callable[[Any], Any], registry: Any) -> Callable[[Any], Any]:
    """Name, count and time each request; in a log of JSON each is a line."""
    told = registry["app"].settings["log.format"] == "json"

    def counted(request: Any) -> Any:
        name = trace.begin_request(request.headers.get("X-Request-Id"))
        reports.name()
        began = time.perf_counter()
        status = "500"
        try:
            response = handler(request)
            status = str(response.status_int)
            response.headers["X-Request-Id"] = name
            return response
        finally:
            route = getattr(request, "matched_route", None)
            known = route.name if route is not None else "-"
            method = request.method if request.method in METHODS else "other"
            measures.count("llmio_http_requests", method, known, status)
            took = time.perf_counter() - began
            measures.time("llmio_http_request_seconds", known, seconds=took)
            if told and known not in QUIET:  # the pattern: addresses hold what lets one in
                where = route.pattern if route is not None else "-"
                values = {"method": request.method, "route": where, "status": int(status), "ms": round(took * 1000, 1)}
                log.info("%s %s %s", request.method, where, status, extra=values)
            trace.request_id.set("")

    return counted


def metrics(request: Any) -> Response:
    """All metrics of the site; for who has the token, or asks from the machine or its network directly."""
    if not _may_read(request):
        return Response(
            "The metrics are for the operator: send `Authorization: Bearer` with LLMIO_METRICS_TOKEN.\n",
            status=403,
            content_type="text/plain",
        )
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Site(request.app))
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(body=encode(registry), headers={"Content-Type": content_type, "Cache-Control": "no-store"})


def _may_read(request: Any) -> bool:
    token = request.app.settings.text("metrics.token")
    if token:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return hmac.compare_digest(given.encode(), token.encode())
    forwarded = any(name in request.headers for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))
    return not forwarded and is_private(str(request.environ.get("REMOTE_ADDR") or ""))


class Site:
    """Collects when asked; what cannot be reached is told as being down."""

    def __init__(self, app: App) -> None:
        self._app = app

    def collect(self) -> Iterator[Metric]:
        """Every family."""
        build = GaugeMetricFamily("llmio_build_info", "The release.", labels=["version"])
        build.add_metric([llmio.__version__], 1)
        yield build
        found = examine(self._app)
        yield self._checks(found)
        if found["database"] != "does not answer":  # to ask a silent one again takes longer than who measures waits
            yield from self._queues()
        yield from self._sums()

    def _checks(self, found: dict[str, str]) -> Metric:
        well = GaugeMetricFamily("llmio_check_ok", "Whether a check of /health is well.", labels=["check"])
        for name, said in found.items():
            well.add_metric([name], float(said == "ok"))
        return well

    def _queues(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("llmio_queue_jobs", "Jobs that wait or run.", labels=["queue"])
        dead = GaugeMetricFamily("llmio_queue_dead_jobs", "Jobs that were given up.", labels=["queue"])
        oldest = GaugeMetricFamily("llmio_queue_oldest_seconds", "How long the oldest due job waits.", labels=["queue"])
        try:
            with self._app.sessions() as db:
                rows = {row.queue: row for row in db.execute(QUEUES, {"now": self._app.ports.clock.now()})}
        except SQLAlchemyError:
            return
        for queue in QUEUES_BY_WEIGHT:
            row = rows.get(queue)
            waiting.add_metric([queue], row.waiting if row else 0)
            dead.add_metric([queue], row.dead if row else 0)
            oldest.add_metric([queue], float(row.oldest or 0) if row else 0)
        yield from (waiting, dead, oldest)

    def _sums(self) -> Iterator[Metric]:
        redis = self._app.redis
        try:
            sums = measures.everywhere(redis)
            clients = sum(int(redis.get(key) or 0) for key in redis.scan_iter(LIVE_CLIENTS + "*")) if redis else 0
        except (RedisError, OSError):
            return
        live = GaugeMetricFamily("llmio_live_clients", "Pages that listen to the live channel.")
        live.add_metric([], clients)
        yield live
        for metric in METRICS.values():
            series = [(labels, amount) for (name, labels), amount in sums.items() if name == metric.name]
            if metric.kind == "counter":
                counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
                for labels, amount in series:
                    counter.add_metric(labels, amount)
                yield counter
            else:
                yield _histogram(metric.name, metric.help, metric.labels, series)


def _histogram(
    name: str, summary: str, labels: tuple[str, ...], series: list[tuple[tuple[str, ...], float]]
) -> HistogramMetricFamily:
    """Buckets as Prometheus has them: each counts what took no longer."""
    family = HistogramMetricFamily(name, summary, labels=labels)
    parts: dict[tuple[str, ...], dict[str, float]] = {}
    for values, amount in series:
        parts.setdefault(values[:-1], {})[values[-1]] = amount
    for named, found in parts.items():
        below, buckets = 0.0, []
        for bound in (*map(str, SECONDS), "+Inf"):
            below += found.get(bound, 0)
            buckets.append((bound, below))
        family.add_metric(named, buckets, found.get("sum", 0))
    return family
