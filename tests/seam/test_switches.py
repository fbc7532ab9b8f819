"""Switches of administrators: kept, in force at the next start, below what the environment says."""

from __future__ import annotations

from importlib import import_module

import pytest
from click.testing import CliRunner
from webtest import TestApp

from llmio import boot
from llmio.cli import group as command
from llmio.plugins import store
from tests import factories
from tests.seam.distributions import poll_type


def form_of(page, name):
    """The form that switches a plugin."""
    (found,) = [form for form in page.forms.values() if form.action.endswith(f"/admin/plugins/{name}/switch")]
    return found


def test_switching_off_and_on_again(strangers, start):
    strangers.add("poll_strange", poll_type("llmio_poll_strange"))
    site = start()
    page = form_of(site.browser.get("/admin/plugins"), "poll_strange").submit().follow()
    assert "The site must be started again" in page
    assert site.line("poll_strange")["switch_waits"]
    assert "strange" in site.app.plugins.poll_types

    site = start()
    line = site.names("poll_strange", "disabled")
    assert (line["switched_by"], line["switch_waits"]) == ("page", False)
    assert "strange" not in site.app.plugins.poll_types

    form_of(site.browser.get("/admin/plugins"), "poll_strange").submit()
    assert site.line("poll_strange")["switch_waits"]
    assert start().line("poll_strange")["state"] == "active"


def test_environment_wins_and_is_shown(strangers, start):
    strangers.add("poll_strange")
    site = start(LLMIO_PLUGINS_DISABLED="poll_strange")
    page = site.browser.get("/admin/plugins")
    assert not [form for form in page.forms.values() if "poll_strange/switch" in form.action]
    assert "LLMIO_PLUGINS_DISABLED" in page.html.find(id="plugin-poll_strange").get_text()
    assert site.browser.send("/admin/plugins/poll_strange/switch", {"on": "1"}, status=409)


def test_required_plugin_cannot_be_switched_off(strangers, start):
    strangers.add("needed")
    site = start(LLMIO_PLUGINS_REQUIRED="needed")
    assert "LLMIO_PLUGINS_REQUIRED" in site.browser.send("/admin/plugins/needed/switch", {"on": "0"}, status=409)
    assert start().line("needed")["state"] == "active"


def test_unknown_plugin(start):
    assert start().browser.send("/admin/plugins/nothing/switch", {"on": "1"}, status=404)


@pytest.mark.parametrize("url", ["/admin/plugins", "/admin/plugins.json"])
def test_only_administrators_see_plugins(start, url):
    site = start()
    with site.app.begin() as ctx:
        member = factories.user(ctx.db)
    site.browser.sign_in(member)
    assert site.browser.get(url, status=403)
    assert site.browser.send("/admin/plugins/poll_score/switch", {"on": "0"}, status=403)
    assert "/sign_in" in TestApp(site.browser.app).get(url).location
    assert start().line("poll_score")["state"] == "active"


def test_switch_needs_the_csrf_token(start):
    site = start()
    assert site.browser.post("/admin/plugins/poll_score/switch", {"on": "0"}, status=400)


def test_command_switches_too(strangers, start):
    strangers.add("poll_strange")
    site = start()
    run = CliRunner()
    assert run.invoke(command, ["plugins", "off", "poll_strange"], env=site.env).exit_code == 0
    assert start().line("poll_strange")["state"] == "disabled"
    assert run.invoke(command, ["plugins", "on", "poll_strange"], env=site.env).exit_code == 0
    assert start().line("poll_strange")["state"] == "active"
    refused = run.invoke(command, ["plugins", "off", "poll_strange"], env={**site.env, "LLMIO_PLUGINS_SAFE": "1"})
    assert refused.exit_code == 2
    assert "LLMIO_PLUGINS_SAFE decides" in refused.output


def test_check_fails_where_a_plugin_is_at_fault(strangers, start):
    site = start()
    run = CliRunner()
    assert run.invoke(command, ["plugins", "check"], env=site.env).exit_code == 0
    strangers.add("broken", "import no_such_module_anywhere")
    result = run.invoke(command, ["plugins", "check", "--traceback"], env=site.env)
    assert result.exit_code == 1
    assert "broken" in result.output
    assert "Traceback" in result.output
    assert "no_such_module_anywhere" in result.output


def test_list_for_people(strangers, start):
    strangers.add("poll_strange", poll_type("llmio_poll_strange"))
    site = start()
    result = CliRunner().invoke(command, ["plugins", "list"], env=site.env)
    assert result.exit_code == 0
    assert "poll_strange" in result.output
    assert "poll types: strange" in result.output
    assert "llmio-poll-strange 1.2.3" in result.output


def test_list_without_a_database(strangers, start):
    strangers.add("broken", "import no_such_module_anywhere")
    site = start()
    env = {**site.env, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    result = CliRunner().invoke(command, ["plugins", "list"], env=env)
    assert result.exit_code == 0, result.output
    assert "no_such_module_anywhere" in result.output
    assert "the database cannot be asked" in result.output


def test_a_process_that_goes_on_follows_in_both_directions(strangers, start):
    """As the processes of a site do, here in the test's own: pages, registries and jobs, without a restart."""
    strangers.add("poll_strange", poll_type("llmio_poll_strange"))
    site = start()
    site.app.follower.plugins_changed = lambda: boot.renew(site.app)
    page = form_of(site.browser.get("/admin/plugins"), "poll_strange").submit().follow()
    assert "The site must be started again" not in page
    assert (site.line("poll_strange")["state"], site.line("poll_strange")["switch_waits"]) == ("disabled", False)
    assert "strange" not in site.app.plugins.poll_types
    assert "poll_type=strange" not in site.browser.get("/p/new").text
    site.serves_everything_else()
    form_of(site.browser.get("/admin/plugins"), "poll_strange").submit()
    assert site.line("poll_strange")["state"] == "active"
    assert "strange" in site.app.plugins.poll_types


LATE = """
from llmio.plugins import Permission, Plugin, Setting, hookimpl

PLUGIN = Plugin("Late", "A page in the midst of which it is switched off.", settings=(
    Setting("page_late.note", "PAGE_LATE_NOTE", default="to its end", help="What the page says."),
))
meanwhile = []


@hookimpl
def llmio_includeme(config):
    config.add_route("page_late.page", "/page")
    config.add_view(page, route_name="page_late.page", permission=Permission.PUBLIC, renderer="string")


def page(request):
    for act in meanwhile:
        act()
    return request.app.settings.text("page_late.note")
"""


def test_a_page_of_a_plugin_that_is_switched_off_meanwhile_is_shown_to_its_end(strangers, start):
    module = strangers.add("page_late", LATE)
    site = start()

    def switched_off():
        with site.app.begin() as ctx:
            store.switch(ctx, "page_late", on=False)
        boot.renew(site.app)

    import_module(module).meanwhile.append(switched_off)
    assert site.browser.get("/x/page_late/page", status=200).text == "to its end"
    site.browser.get("/x/page_late/page", status=404)
    assert site.line("page_late")["failures"] == []


def test_a_plugin_that_fails_when_it_is_switched_on_is_set_aside(strangers, start):
    strangers.add("broken", "raise RuntimeError('no database for me')")
    with start().app.begin() as ctx:
        store.switch(ctx, "broken", on=False)
    site = start()
    site.app.follower.plugins_changed = lambda: boot.renew(site.app)
    assert site.line("broken")["state"] == "disabled"
    form_of(site.browser.get("/admin/plugins"), "broken").submit()
    site.names("broken", "failed", "no database for me")


def test_what_cannot_be_loaded_anew_leaves_all_as_it_was(strangers, start, monkeypatch, caplog):
    site = start()
    before = site.app.plugins

    def breaks(*_args, **_how):
        raise RuntimeError("out of luck")

    monkeypatch.setattr("llmio.plugins.migrate.upgrade_all", breaks)
    boot.renew(site.app)
    assert site.app.plugins is before
    assert "a restart will" in caplog.text
    site.serves_everything_else()
