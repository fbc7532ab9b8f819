"""Hints: what Celery reads of them, and how a real worker shares its hands between the queues."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from celery import Celery

from llmio.core.jobs import QUEUES
from llmio.worker.queue import TASK, CeleryQueue, hint
from tests import deeds
from tests.processes import PATIENCE, site, until


@pytest.fixture
def place(committed_db, tmp_path):
    with site(committed_db, tmp_path) as made:
        yield made


def test_a_hint_is_what_celery_itself_would_send(redis_url, app):
    celery = Celery("test", broker=redis_url, set_as_current=False)
    celery.conf.task_ignore_result = True
    celery.send_task(TASK, (7,), queue="mailers", ignore_result=True)
    theirs = json.loads(app.redis.rpop("mailers"))
    ours = json.loads(hint(7, "mailers"))
    assert set(theirs) == set(ours)
    assert set(theirs["properties"]) == set(ours["properties"])
    for kind in ("content-type", "content-encoding"):
        assert theirs[kind] == ours[kind]
    missing = set(theirs["headers"]) - set(ours["headers"])
    assert missing <= {"shadow", "stamped_headers", "stamps", "replaced_task_nesting", "group_index"}
    same = {"lang", "task", "parent_id", "group", "retries", "eta", "expires", "timelimit", "argsrepr", "kwargsrepr"}
    assert {key: theirs["headers"][key] for key in same} == {key: ours["headers"][key] for key in same}
    celery.close()


def test_several_hints_go_to_their_queues(redis_url, app):
    CeleryQueue(redis_url, seconds=PATIENCE).kick([(1, "high"), (2, "low"), (3, "high")])
    assert CeleryQueue(redis_url, seconds=PATIENCE).lengths(["high", "low", "default"]) == {
        "high": 2,
        "low": 1,
        "default": 0,
    }


def test_a_queue_that_is_away_is_left_alone_for_a_while_and_found_again(redis_url, caplog):
    queue = CeleryQueue("redis://127.0.0.1:1/0", rest=60)
    queue.kick([(1, "high")])
    assert queue.kick([(1, "high"), (2, "low")]) is False
    said = [record.message.split(":")[0] for record in caplog.records if record.name == "llmio.worker.queue"]
    assert said == ["the queue does not answer, jobs wait in the database"]
    queue = CeleryQueue("redis://127.0.0.1:1/0", rest=0)
    assert queue.kick([(1, "high")]) is False
    queue.redis = CeleryQueue(redis_url, seconds=PATIENCE).redis
    assert queue.kick([(1, "high")]) is True


def test_a_worker_serves_full_queues_by_their_weights_and_starves_none(place):
    rounds = 12
    for queue in QUEUES:
        place.act(deeds.ON[queue], times=10 * rounds + 20)
    place.start("worker")
    until(lambda: len(place.notes()) >= 21 * rounds)
    served = Counter(place.notes()[: 21 * rounds])
    for queue, weight in QUEUES.items():
        # Some are in hand already when we look, and four hands finish in no strict order.
        assert abs(served[queue] - weight * rounds) <= 6, served
