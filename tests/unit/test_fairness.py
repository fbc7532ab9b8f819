"""The order in which queues are asked."""

from __future__ import annotations

from collections import Counter

from llmio.core.jobs import QUEUES
from llmio.worker.fairness import WeightedCycle


def serve(cycle: WeightedCycle, waiting: Counter, times: int) -> Counter:
    """What is served when each turn takes from the first queue that has work, as BRPOP does."""
    served: Counter = Counter()
    for _ in range(times):
        name = next((name for name in cycle.consume(len(QUEUES)) if waiting[name]), None)
        if name is None:
            break
        waiting[name] -= 1
        served[name] += 1
        cycle.rotate(name)
    return served


def full(jobs: int = 100_000) -> Counter:
    return Counter(dict.fromkeys(QUEUES, jobs))


def test_full_queues_have_their_shares():
    assert serve(WeightedCycle(QUEUES), full(), 2100) == {
        "critical": 1000,
        "high": 600,
        "default": 300,
        "low": 100,
        "mailers": 100,
    }


def test_shares_hold_within_every_round():
    cycle, waiting = WeightedCycle(QUEUES), full()
    for _ in range(20):
        served = serve(cycle, waiting, 21)
        for name, weight in QUEUES.items():
            assert abs(served[name] - weight) <= 1


def test_a_queue_alone_has_everything():
    waiting = Counter(low=500)
    assert serve(WeightedCycle(QUEUES), waiting, 500) == {"low": 500}


def test_a_queue_that_was_empty_hoards_no_turns():
    cycle = WeightedCycle(QUEUES)
    serve(cycle, Counter(low=5000), 5000)
    served = serve(cycle, full(), 210)
    assert served["low"] >= 9
    assert served["critical"] <= 101


def test_a_queue_that_worked_alone_is_not_made_to_wait():
    cycle = WeightedCycle(QUEUES)
    serve(cycle, Counter(low=5000), 5000)
    assert serve(cycle, full(), 25)["low"] >= 1


def test_what_was_served_is_the_last_to_be_asked_again_where_weights_are_equal():
    cycle = WeightedCycle(["low", "mailers"])
    first = cycle.consume(1)[0]
    cycle.rotate(first)
    assert cycle.consume(1)[0] != first


def test_a_queue_of_no_weight_known_is_served_too():
    cycle = WeightedCycle(["critical", "stranger"])
    served: Counter = Counter()
    for _ in range(22):
        served[cycle.rotate(cycle.consume(1)[0])] += 1
    assert served == {"critical": 20, "stranger": 2}
