"""The out-of-tree sample plugin: installed by pip beside llmio, and a group decides with it; nothing of the core knows it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select, text

from llmio.cli import group as command
from llmio.polls.models import Poll, PollOption
from llmio.testing.servers import DATABASE_VARIABLE
from tests import factories

pytestmark = pytest.mark.xdist_group("samples")
ROOT = Path(__file__).parents[2]


def test_core_does_not_know_it():
    folders = [
        ROOT / "llmio",
        ROOT / "frontend" / "sass",
        ROOT / "frontend" / "controllers",
        *ROOT.glob("plugins/*/llmio_*"),
    ]
    files = [
        file
        for folder in folders
        for file in folder.rglob("*")
        if file.suffix in (".py", ".jinja2", ".js", ".scss", ".sql") and "static" not in file.parts
    ]
    assert len(files) > 100
    assert [file for file in files if "resistance" in file.read_text(encoding="utf-8").lower()] == []


def test_it_is_found_in_its_environment(venv, start):
    site = start()
    listing = json.loads(venv.command("plugins", "list", "--json", env=site.env))
    line = site.line("poll_resistance", listing)
    assert (line["state"], line["distribution"], line["version"]) == ("active", "llmio-poll-resistance", "0.3.1")
    assert line["author"] == "Rosa Fern"
    assert line["offers"] == {"methods": ["least_resistance"], "poll_types": ["resistance"]}
    assert listing["ok"], [one["error"] for one in listing["plugins"]]


def test_the_samples_own_tests_pass_in_their_environment(venv, llmio_servers):
    tests = [venv.folder.with_name(f"project{number}") / "tests" for number in range(3)]
    env = {DATABASE_VARIABLE: llmio_servers.postgres}  # on a database of their own
    done = venv.run("-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, tests), env=env)
    assert " passed" in done.stdout


def vote(site, user, poll, **scores):
    """Cast a ballot by the page's own form."""
    browser = site.as_user(user)
    page = browser.get(f"/p/{poll.key}").follow()
    form = page.forms[f"poll-{poll.id}-ballot-form"]
    with site.app.begin() as ctx:
        ids = dict(ctx.db.execute(select(PollOption.name, PollOption.id).where(PollOption.poll_id == poll.id)).all())
    for name, score in scores.items():
        form[f"score_{ids[name]}"] = str(score)
    return form.submit().follow()


def test_group_decides_with_it(with_samples, start, work, seam_engine):
    site = start(POLL_RESISTANCE_NOTE="Bring cake.")
    site.names("poll_resistance", "active")
    CliRunner().invoke(command, ["db", "upgrade"], env=site.env, catch_exceptions=False)
    with site.app.begin() as ctx:
        ada, ben = factories.user(ctx.db), factories.user(ctx.db)
        group = factories.group(ctx.db, admin=ada)
        factories.membership(ctx.db, group, ben)
        ctx.db.flush()
        group_id = group.id

    browser = site.as_user(ada)
    page = browser.get(f"/p/new?group_id={group_id}").click("^Least resistance$")
    form = next(form for form in page.forms.values() if "title" in form.fields)
    form["title"] = "Where to for the away day?"
    names = [field for field in form.fields if field and field.startswith("option-") and field.endswith("-name")]
    for field, name in zip(names, ("Sea", "Hills"), strict=False):
        form[field] = name
    assert "Where to for the away day?" in form.submit().follow()
    with site.app.begin() as ctx:
        poll = ctx.db.scalars(select(Poll).order_by(Poll.id.desc()).limit(1)).one()
    assert poll.poll_type == "resistance"

    vote(site, ada, poll, Sea=2, Hills=7)
    page = vote(site, ben, poll, Sea=3, Hills=0)
    rows = page.html.find(class_="resistance-result").find("tbody").find_all("tr")
    said = [
        (row.find(class_="chart-label").get_text(strip=True), *(td.text for td in row.find_all("td"))) for row in rows
    ]
    assert said == [("Sea", "5", "15"), ("Hills", "7", "13")]

    about = browser.get("/x/poll_resistance/about")
    assert "Bring cake." in about
    assert "Systemic_Consensing" in about
    work(site)(failures=True)
    result = CliRunner().invoke(command, ["x", "poll_resistance", "heard"], env=site.env, catch_exceptions=False)
    assert result.output == "2 votes\n"


def test_stored_poll_outlives_the_plugin(with_samples, venv, start, seam_engine, monkeypatch, strangers):
    site = start()
    with site.app.begin() as ctx:
        ada = factories.user(ctx.db)
        group = factories.group(ctx.db, admin=ada)
        poll = factories.poll(ctx.db, group=group, author=ada, poll_type="resistance", title="An old question")
        ctx.db.flush()
        key = poll.key
    assert site.as_user(ada).get(f"/p/{key}").follow().status_int == 200

    monkeypatch.undo()
    strangers.forget()
    site = start()
    assert "resistance" not in site.app.plugins.poll_types
    site.serves_everything_else()
    page = site.as_user(ada).get(f"/p/{key}").follow()
    assert "An old question" in page
    assert "The plugin for this kind of poll is not installed" in page
    assert f"poll-{poll.id}-ballot-form" not in page.forms
    assert site.as_user(ada).send(f"/p/{key}/vote", {"option": "1"}, expect_errors=True).status_int in (403, 422)
    with seam_engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM polls WHERE key = :key"), {"key": key}) == 1
