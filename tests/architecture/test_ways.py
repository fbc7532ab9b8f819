"""Ways of doing things that linters do not know."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.sources import calls, is_test, python, short, walked

CLOCKS = {"llmio/core/ports.py", "llmio/core/db.py", "llmio/plugins/guard.py", "llmio/testing/ports.py"}
"""Where the time of day comes from; all others are handed it."""

COMMITTING = {"llmio/core/app.py"}
"""Where units of work end."""


def code(*folders):
    return [path for path in python(*folders) if not is_test(path)]


def test_time_comes_from_the_clock_port():
    found = [
        f"{short(path)}:{line}"
        for path in code("llmio", "plugins")
        if short(path) not in CLOCKS
        for name in ("datetime.now", "datetime.utcnow", "datetime.today", "date.today")
        for line in calls(path, name)
    ]
    assert found == [], "use ctx.now or app.ports.clock.now()"


def test_jobs_go_through_the_outbox():
    found = [
        f"{short(path)}:{line}"
        for path in code("llmio", "plugins")
        for name in ("delay", "apply_async")
        for line in calls(path, name)
    ]
    assert found == [], "use ctx.enqueue: a job sent at once is lost with a rollback, or runs before the commit"


def test_no_service_commits():
    found = [
        f"{short(path)}:{line}"
        for path in code("llmio")
        if path.stem == "service" or "service" in path.parts or path.stem == "queries"
        for name in ("commit", "rollback")
        for line in calls(path, name)
    ]
    assert found == [], "the request, the job or the command commits"


def test_only_plugin_calls_and_outer_loops_catch_everything():
    """`except Exception` carries its reason as a comment (BLE001), unless it raises again."""
    found = [
        f"{short(path)}:{handler.lineno}"
        for path in code("llmio")
        if re.match(r"llmio/(accounts|groups|files|discussions|polls|mail|search|admin)/", short(path))
        for node in walked(path)
        if isinstance(node, ast.Try)
        for handler in node.handlers
        if handler.type is None
        or (isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"})
        if not any(isinstance(inner, ast.Raise) for inner in ast.walk(handler))
    ]
    assert found == []


@pytest.mark.parametrize("path", code("llmio", "plugins"), ids=short)
def test_a_suppression_says_why(path):
    silent = [
        number
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (mark := re.search(r"#\s*(noqa|type: ignore)(:\s*[A-Z0-9, ]+|\[[\w, -]+\])?(.*)$", line))
        and not re.search(r"#\s*\S", mark.group(3))
    ]
    assert silent == [], "add the reason behind it: # noqa: RULE  # because …"
