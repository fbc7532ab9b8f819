"""`/metrics`: what is counted, over the processes of a site, and who may read it."""

from __future__ import annotations

import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from llmio.core import heartbeats, outbox
from llmio.core.jobs import job
from llmio.core.measures import KEY, METRICS, Measures, measures
from llmio.core.ports import LIVE_CLIENTS
from llmio.plugins.failures import Failures
from llmio.worker.queue import client
from tests import deeds
from tests.forked import ROOT


@job("test.counted", queue="high")
def counted(ctx):
    """Do nothing."""


@pytest.fixture(autouse=True)
def fresh(app):
    measures.flush(app.redis)
    app.redis.delete(KEY)
    yield
    app.redis.delete(KEY)


def read(web, **headers):
    """(name, labels) → value, as Prometheus reads it."""
    answer = web.get("/metrics", headers=headers)
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_timed(web, make):
    web.get("/up")
    web.get("/no/such/page", status=404)
    found = read(web)
    assert found["llmio_http_requests_total", ("GET", "up", "200")] == 1
    assert found["llmio_http_requests_total", ("GET", "-", "404")] == 1
    assert found["llmio_http_request_seconds_bucket", ("+Inf", "up")] == 1
    assert found["llmio_http_request_seconds_count", ("up",)] == 1
    assert found["llmio_http_request_seconds_bucket", ("0.005", "up")] <= 1
    assert found["llmio_database_statements_total", ("other",)] > 0


@pytest.mark.filterwarnings("ignore::webtest.lint.WSGIWarning")
def test_methods_that_somebody_made_up_are_counted_as_one(web):
    for method in ("MADE", "UP"):
        web.request("/up", method=method, expect_errors=True)
    counted = {labels: value for (name, labels), value in read(web).items() if name == "llmio_http_requests_total"}
    assert sum(value for labels, value in counted.items() if labels[0] == "other") == 2
    assert {labels[0] for labels in counted} <= {"GET", "other"}


def test_jobs_and_queues_are_counted(web, app, db, ctx, run_jobs, clock, monkeypatch):
    monkeypatch.setitem(app.jobs, counted.name, counted)
    outbox.add(ctx(), counted, ())
    db.flush()
    clock.move(seconds=60)
    before = read(web)
    assert before["llmio_queue_jobs", (counted.queue,)] == 1
    assert before["llmio_queue_oldest_seconds", (counted.queue,)] == pytest.approx(60, abs=5)
    run_jobs()
    after = read(web)
    assert after["llmio_queue_jobs", (counted.queue,)] == 0
    assert after["llmio_jobs_total", (counted.name, "done")] == 1
    assert after["llmio_job_seconds_count", (counted.queue,)] == 1


def test_a_job_that_fails_is_counted_as_failed(web, app, ctx, db, run_jobs, monkeypatch):
    monkeypatch.setitem(app.jobs, deeds.poison.name, deeds.poison)
    outbox.add(ctx(), deeds.poison, ())
    db.flush()
    run_jobs(failures=True)
    found = read(web)
    assert found["llmio_jobs_total", (deeds.poison.name, "failed")] == 1
    assert found["llmio_queue_dead_jobs", (deeds.poison.queue,)] == 1


def test_checks_plugins_and_pages_that_listen_are_told(web, app, db, clock):
    heartbeats.beat(db, heartbeats.WORKER, clock.now())
    Failures().add("poll_dice", "llmio_poll_types", ValueError("six"), clock.now())
    app.redis.set(LIVE_CLIENTS + "one:1", 3)
    app.redis.set(LIVE_CLIENTS + "two:1", 4)
    found = read(web)
    assert found["llmio_check_ok", ("worker",)] == 1
    assert found["llmio_check_ok", ("schedule",)] == 0
    assert found["llmio_plugin_failures_total", ("poll_dice",)] == 1
    assert found["llmio_live_clients", ()] == 7


def test_what_several_processes_counted_is_one_sum(web, app):
    web.get("/up")
    other = Measures()
    other.count("llmio_http_requests", "GET", "up", "200", by=4)
    assert other.flush(app.redis)
    assert read(web)["llmio_http_requests_total", ("GET", "up", "200")] == 5


def test_nothing_counted_is_lost_while_redis_is_away(app):
    one = Measures()
    one.count("llmio_mails", "sent")
    assert not one.flush(client("redis://127.0.0.1:1/0"))
    one.count("llmio_mails", "sent")
    assert one.everywhere(app.redis)["llmio_mails", ("sent",)] == 2


def test_metrics_are_told_while_redis_is_away(web, app):
    real, app.redis = app.redis, client("redis://127.0.0.1:1/0")
    try:
        found = read(web)
    finally:
        app.redis = real
    assert found["llmio_check_ok", ("redis",)] == 0
    assert not any(name == "llmio_http_requests_total" for name, _labels in found)


def test_they_are_for_the_operator(web, app, monkeypatch):
    assert web.get("/metrics", headers={"X-Forwarded-For": "203.0.113.9"}, status=403).text.startswith("The metrics")
    assert web.get("/metrics", extra_environ={"REMOTE_ADDR": "8.8.8.8"}, status=403)
    monkeypatch.setitem(app.settings.values, "metrics.token", "s3cret-token")
    assert web.get("/metrics", status=403)
    assert web.get("/metrics", headers={"Authorization": "Bearer wrong"}, status=403)
    web.get("/metrics", headers={"Authorization": "Bearer s3cret-token", "X-Forwarded-For": "203.0.113.9"}, status=200)


def test_each_request_has_a_name(web):
    assert re.fullmatch("[0-9a-f]{16}", web.get("/up").headers["X-Request-Id"])
    assert web.get("/up", headers={"X-Request-Id": "of-the-proxy-7"}).headers["X-Request-Id"] == "of-the-proxy-7"
    assert web.get("/up", headers={"X-Request-Id": "a\tb <script>"}).headers["X-Request-Id"] != "a\tb <script>"


def test_each_metric_is_in_the_docs():
    page = (ROOT / "docs/operators/monitoring.md").read_text()
    assert [
        name for name in METRICS if f"`{name}{'_total' if METRICS[name].kind == 'counter' else ''}`" not in page
    ] == []
