"""Reports of errors to a server that speaks Sentry's protocol: what is in them, and what never is."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys

import pytest

from llmio.embedded.process import wait_until
from tests.forked import ROOT
from tests.processes import PATIENCE
from tests.receiver import receiver

SITE = """
import logging, sys
from contextvars import Context
from webtest import TestApp
from llmio import boot, web
from llmio.core import outbox, reports
from llmio.core.jobs import job
from llmio.testing.ports import memory_ports
from llmio.worker import celery
from llmio.worker.hands import Hands
from llmio.worker.queue import TASK

@job("test.broken", queue="high")
def broken(ctx, word):
    password = "of-a-variable-4711"
    logging.getLogger("llmio.test").warning("of-a-crumb-4711")
    raise RuntimeError("the loom is jammed by of-4711@example.org at https://hooks.example.org/of-a-hook-4711\\nof-a-line-4711")

app = boot.build({}, ports=memory_ports())
assert reports.begin(app.settings, "web")
app.add_jobs(broken)

def view(request):
    answer = request.params["secret"]
    raise LookupError("no such thread of wool")

def configured(app, make=web.configurator):
    config = make(app)
    config.add_route("test.broken", "/test/broken/{token}")
    config.add_view(view, route_name="test.broken", permission=web.Permission.PUBLIC, require_csrf=False, request_method=("GET", "POST"))
    return config

config = configured(app)
config.commit()
browser = TestApp(config.make_wsgi_app())
thread = Context()  # as those of a server, which know nothing that was said of this one alone
answer = thread.run(browser.post, "/test/broken/of-a-link-that-lets-in-4711?token=of-a-query-4711", {"secret": "of-a-form-4711"}, status=500, headers={
    "X-Request-Id": "request-4711", "Cookie": "llmio_session=of-a-cookie-4711", "Authorization": "Bearer of-a-header-4711"})
assert "loom" not in answer.text
with app.begin() as ctx:
    row = outbox.add(ctx, broken, ("of-an-argument-4711",))
    ctx.db.flush()
    ident = row.id
celery.make(app, Hands(app).run).tasks[TASK].apply([ident])  # as a worker: in a thread of its own
import sentry_sdk
sentry_sdk.flush(10)
print(ident)
"""


def sent(server):
    """Errors, and records of how long things took."""
    for one in server.got:
        _head, *items = gzip.decompress(one.body).decode().splitlines()
        for kind, item in zip(items[::2], items[1::2], strict=False):
            if json.loads(kind)["type"] in ("event", "transaction"):
                yield json.loads(item)


@pytest.fixture(scope="module")
def reported(llmio_servers, tmp_path_factory):
    """The events that a site sent, and what it printed."""
    name = f"reports_{os.getpid()}"
    llmio_servers.administer(f'CREATE DATABASE "{name}" TEMPLATE "{llmio_servers.template}"')
    try:
        with receiver() as server:
            environment = {
                "PATH": os.environ["PATH"],
                "DATABASE_URL": llmio_servers.database(name),
                "LLMIO_ENV": "testing",
                "LLMIO_DATA": str(tmp_path_factory.mktemp("data")),
                "SENTRY_DSN": server.url.replace("http://", "http://public-key@") + "/42",
                "SENTRY_SAMPLE_RATE": "1",
            }
            done = subprocess.run(
                [sys.executable, "-c", SITE],
                cwd=ROOT,
                check=False,
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
            assert done.returncode == 0, done.stderr
            wait_until(lambda: len(list(sent(server))) >= 4, PATIENCE)
            assert {one.path for one in server.got} == {"/api/42/envelope/"}
            texts = [gzip.decompress(one.body).decode() for one in server.got]
            events = list(sent(server))
    finally:
        llmio_servers.drop(name)
    return events, "".join(texts), done.stdout.strip()


def test_a_page_that_fails_is_reported_once_with_its_request(reported):
    (event,) = [
        one for one in reported[0] if "exception" in one and one["exception"]["values"][-1]["type"] == "LookupError"
    ]
    assert event["exception"]["values"][-1]["value"] == "no such thread of wool"
    assert event["tags"] == {"process": "web", "request_id": "request-4711"}
    assert event["request"]["method"] == "POST"
    assert event["request"]["url"].endswith("/test/broken/…")
    assert event["logentry"]["formatted"] == "POST /test/broken/… failed"
    assert event["environment"] == "testing"
    assert event["release"].startswith("llmio@")


def test_a_job_that_fails_is_reported_once_with_its_row(reported):
    (event,) = [
        one for one in reported[0] if "exception" in one and one["exception"]["values"][-1]["type"] == "RuntimeError"
    ]
    assert event["exception"]["values"][-1]["value"] == "the loom is jammed by …@… at https://hooks.example.org/…"
    assert event["tags"]["job_id"] == f"test.broken#{reported[2]}"


def test_how_long_things_take_is_told_with_the_request_or_job_it_was(reported):
    page, job = sorted((one for one in reported[0] if "spans" in one), key=lambda one: "job_id" in one["tags"])
    assert page["tags"]["request_id"] == "request-4711"
    assert job["tags"]["job_id"] == f"test.broken#{reported[2]}"
    assert job["transaction"] == "test.broken"
    assert [one["description"] for one in job["spans"] if one["description"].startswith("DELETE FROM llmio.outbox")]


def test_nothing_that_people_wrote_or_that_lets_one_in_is_reported(reported):
    told = reported[1].replace("request-4711", "")
    assert "4711" not in told


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the SDK, about the share of profiles
@pytest.mark.parametrize("dsn", ["https://example.com/1", "https://key@example.com/words", "https://key@example.com"])
def test_an_address_that_is_none_hurts_nothing(app, dsn, caplog):
    from llmio.core import reports  # for this one
    from llmio.core.settings import Settings

    found = Settings(app.settings.declared, {**app.settings.values, "sentry.dsn": dsn})
    assert not reports.begin(found, "web")
    assert "SENTRY_DSN is not used" in caplog.text
    assert "key" not in caplog.text


def test_without_an_address_nothing_is_reported(app):
    from llmio.core import reports  # for this one

    assert not reports.begin(app.settings, "web")
