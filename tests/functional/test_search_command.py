"""`llmio search`: the index built anew from the command line, and its state."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from llmio.cli import group as command
from llmio.testing.plugin import SECRET
from tests import factories


@pytest.fixture
def llmio(committed_db, redis_url, tmp_path):
    """`llmio("status")`: what the command prints."""
    env = {
        "LLMIO_ENV": "testing",
        "LLMIO_DATA": str(tmp_path),
        "DATABASE_URL": committed_db.url,
        "REDIS_URL": redis_url,
        "SECRET_COOKIE_TOKEN": SECRET,
        "CANONICAL_HOST": "localhost",
    }

    def run(*words, **more):
        return CliRunner().invoke(command, ["search", *words], env={**env, **more})

    return run


def test_reindex_shows_progress_and_status_the_result(llmio, app):
    assert "never as a whole" in llmio("status").output
    with app.begin() as ctx:
        thread = factories.discussion(ctx.db, title="Loom")
        for _number in range(3):
            factories.comment(ctx.db, thread)
    done = llmio("reindex")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0].split() == ["0", "%", "0", "of", "about", "4", "Discussion"]
    assert lines[-2].startswith("100 %")
    assert "is built" in lines[-1]
    told = json.loads(llmio("status", "--json").output)
    assert (told["provider"], told["documents"], told["records"], told["build"]["percent"]) == ("postgres", 4, 4, 100)
    assert llmio("reindex", "--quiet").output.count("\n") == 1


def test_a_stopped_building_is_told_and_goes_on(llmio, committed_db, app):
    with app.begin() as ctx:
        factories.discussion(ctx.db, title="Loom")
    assert llmio("reindex").exit_code == 0
    with committed_db.engine.begin() as connection:
        connection.execute(text("UPDATE llmio.search_builds SET finished_at = NULL, phase = 'Poll', after_id = 0"))
    assert "`llmio search reindex` goes on" in llmio("status").output
    assert llmio("reindex").output.startswith("Going on with what was begun at ")
    assert "Built " in llmio("status").output


def test_a_provider_that_is_not_there_is_told_in_a_line(llmio):
    refused = llmio("reindex", LLMIO_SEARCH_PROVIDER="sonar")
    assert refused.exit_code == 1
    assert "no search provider named sonar" in str(refused.exception)
