"""A second search provider from outside, switched by a setting: the page and the commands are served by it alone."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from llmio.cli import group as command
from llmio.discussions import service as discussions
from tests import factories

pytestmark = pytest.mark.xdist_group("samples")


def test_the_site_searches_with_it(with_samples, start, work, seam_engine, tmp_path):
    site = start(LLMIO_SEARCH_PROVIDER="sqlite", SEARCH_SQLITE_PATH=str(tmp_path / "index" / "words.db"))
    site.names("search_sqlite", "active")
    with site.app.begin() as ctx:
        ada, ben = factories.user(ctx.db, name="Ada King"), factories.user(ctx.db)
        group = factories.group(ctx.db, admin=ada)
        thread = factories.discussion(ctx.db, group, author=ada, title="A zebra crossing")
        factories.comment(ctx.db, thread, author=ada, body="Where is the zébra?")
        ctx.db.flush()
    before = rows(seam_engine)
    done = CliRunner().invoke(command, ["search", "reindex"], env=site.env, catch_exceptions=False)
    assert "The index of sqlite is built" in done.output
    told = json.loads(CliRunner().invoke(command, ["search", "status", "--json"], env=site.env).output)
    assert told["provider"] == "sqlite"
    assert told["documents"] >= 2

    browser = site.as_user(ada)
    page = browser.get("/search?q=zebra")
    assert len(page.html.select("#results li")) == 2
    assert "<mark>zébra</mark>" in page
    assert site.as_user(ben).get("/search?q=zebra").html.select("#results li") == []
    assert len(browser.get("/api/v1/search?query=zebra&type=Comment").json["search_results"]) == 1

    from llmio.accounts.sessions import identity_of

    with site.app.begin(identity_of(ada)) as ctx:
        discussions.discard_discussion(ctx, ctx.db.merge(thread))
    work(site)(failures=True)
    assert browser.get("/search?q=zebra").html.select("#results li") == []
    assert rows(seam_engine) == before  # the table of the other provider is left alone


def rows(engine):
    with engine.connect() as connection:
        return connection.scalar(text("SELECT count(*) FROM pg_search_documents"))
