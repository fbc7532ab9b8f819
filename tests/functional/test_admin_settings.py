"""`/admin/settings`: every setting with its value and origin; secrets hidden; faults with what to do."""

from __future__ import annotations

import pytest

from llmio.core.settings import load
from tests import factories as make


@pytest.fixture
def admin(web, db):
    web.sign_in(make.admin_of_site(db))


@pytest.fixture
def configured(app, monkeypatch, tmp_path):
    """`configured(ini, **variables)`: the App's settings read anew from these."""

    def made(ini=(), **env):
        fresh = load(app.settings.declared.values(), dict(ini), env)
        for key in ("security.secret", "llmio.data", "database.url", "redis.url"):
            fresh.values[key] = app.settings.values[key]
        monkeypatch.setattr(app, "settings", fresh)

    return made


def line(page, key):
    return page.html.select_one(f"#setting-{key.replace('.', '-')}")


def test_every_declared_setting_is_there(web, admin, app):
    page = web.get("/admin/settings")
    missing = [key for key in app.settings.declared if line(page, key) is None]
    assert missing == []
    assert all(item.help in page.html.text for item in app.settings.declared.values() if "`" not in item.help)


def test_values_come_with_their_origin(web, admin, configured, tmp_path):
    (tmp_path / "mail").write_text("kept in a file")
    configured({"site.description": "Said in the ini"}, SITE_NAME="Said by a variable",
               SMTP_USERNAME_FILE=str(tmp_path / "mail"))  # fmt: skip
    page = web.get("/admin/settings")
    for key, value, origin in (
        ("site.description", "Said in the ini", "ini file"),
        ("site.name", "Said by a variable", "variable"),
        ("mail.username", "kept in a file", "file named by a variable"),
    ):
        text = line(page, key).text
        assert value in text
        assert origin in text
    changed = web.get("/admin/settings?show=changed")
    assert {one["id"] for one in changed.html.select(".settings > li")} == {
        "setting-site-description", "setting-site-name", "setting-mail-username"
    }  # fmt: skip


def test_no_secret_is_shown(web, admin, app, configured):
    secrets = {
        item.env: f"hush-{number}-{item.kind}"
        for number, item in enumerate(app.settings.declared.values())
        if item.secret and item.env and item.kind == "text" and item.key not in ("security.secret", "database.url")
    }
    assert len(secrets) > 2
    configured(**secrets, SITE_NAME="Shown", SITE_DESCRIPTION="redis://me:hush-password@queue.example/1")
    page = web.get("/admin/settings").text
    assert "Shown" in page
    assert "redis://me:••••••@queue.example/1" in page
    assert "hush-" not in page
    assert len(app.settings["security.secret"]) > 10
    assert app.settings["security.secret"] not in page


def test_faults_are_shown_with_what_to_do(web, admin, configured):
    configured({"llmio.plugins.saef": "1"}, PORT="many", LLMIO_WORKER_CONCURENCY="7", LLMIO_ENV="testing")
    page = web.get("/admin/settings")
    alerts = " ".join(one.text for one in page.html.select("main > .alert"))
    assert "did you mean llmio.plugins.safe?" in alerts
    assert "did you mean LLMIO_WORKER_CONCURRENCY?" in alerts
    assert "'many' is not a whole number" in alerts
    configured(LLMIO_ENV="testing")
    assert web.get("/admin/settings").html.select("main > .alert") == []


def test_settings_are_found_by_words(web, admin):
    page = web.get("/admin/settings", {"q": "smtp port"})
    assert line(page, "mail.port") is not None
    assert line(page, "site.name") is None
    assert "No such setting" in web.get("/admin/settings", {"q": "unheard of"}).text
