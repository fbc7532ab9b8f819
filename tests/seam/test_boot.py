"""A plugin at fault when the site starts: it is set aside, everything else is served, and the culprit is named."""

from __future__ import annotations

import pytest

from llmio.core.errors import Unavailable
from tests.seam.distributions import GOOD, poll_type

HOOKS = (
    "llmio_poll_types",
    "llmio_methods",
    "llmio_storages",
    "llmio_notifiers",
    "llmio_webhook_formats",
    "llmio_search_providers",
)


def test_good_plugin_is_active(strangers, start):
    strangers.add("poll_strange", poll_type("llmio_poll_strange"))
    site = start()
    line = site.names("poll_strange", "active")
    assert line["distribution"] == "llmio-poll-strange"
    assert (line["version"], line["author"], line["licence"]) == ("1.2.3", "Ada Stranger", "MIT")
    assert line["offers"] == {"poll_types": ["strange"]}
    assert line["hooks"] == ["llmio_poll_types"]
    assert site.app.plugins.poll_type("strange").title == "A stranger's poll"
    assert site.listed()["ok"]


def test_what_cannot_be_imported(strangers, start):
    """An error, no Python at all, one that ends the process, and nothing where the module should be."""
    strangers.add("broken", "import no_such_module_anywhere")
    strangers.add("garbled", "def (:")
    strangers.add("leaving", "import sys\nsys.exit('I was not configured')")
    strangers.add("missing")
    (strangers.folder / "llmio_missing" / "__init__.py").unlink()
    (strangers.folder / "llmio_missing").rmdir()
    site = start()
    faults = {
        "broken": ("no_such_module_anywhere", "ModuleNotFoundError"),
        "garbled": ("SyntaxError",),
        "leaving": ("I was not configured",),
        "missing": ("llmio_missing",),
    }
    site.names_all(faults, "failed")
    assert "Traceback" in site.line("broken")["traceback"]


def test_declarations_at_fault(strangers, start):
    setting = "from llmio.plugins import Plugin, Setting\nPLUGIN = Plugin('a', 'b', (Setting({}),))"
    strangers.add("without", "x = 1")
    strangers.add("untitled", "from llmio.plugins import Plugin\nPLUGIN = Plugin('', '')")
    strangers.add("foreign", setting.format("'site.name', 'X'"))
    strangers.add("taken", setting.format("'taken.x', 'SITE_NAME'"))
    strangers.add("function", GOOD)
    (strangers.folder / "llmio_function-1.2.3.dist-info" / "entry_points.txt").write_text(
        "[llmio.plugins]\nfunction = llmio_function:hookimpl\n"
    )
    faults = {
        "without": ("has no PLUGIN",),
        "untitled": ("no title",),
        "foreign": ("must begin with foreign.",),
        "taken": ("SITE_NAME is declared already",),
        "function": ("it must name a module",),
    }
    start().names_all(faults, "failed")


def test_wrong_value_of_its_setting(strangers, start):
    source = (
        "from llmio.plugins import Plugin, Setting\n"
        "PLUGIN = Plugin('a', 'b', (Setting('broken.size', 'BROKEN_SIZE', 'int', 3),))"
    )
    strangers.add("broken", source)
    assert start(BROKEN_SIZE="5").app.plugins.settings_of("broken") == {"size": 5}
    strangers.forget()
    start(BROKEN_SIZE="many").names("broken", "failed", "BROKEN_SIZE", "'many' is not a whole number")


def test_hooks_at_fault(strangers, start):
    """A wrong signature, a name misspelt, a marker forgotten; a class in place of its object."""
    strangers.add("signature", GOOD + "@hookimpl\ndef llmio_event(event, ctx, request):\n    pass\n")
    strangers.add("misspelt", GOOD + "@hookimpl\ndef llmio_poll_typs():\n    return []\n")
    strangers.add("unmarked", GOOD + "def llmio_poll_types():\n    return []\n")
    strangers.add("with_class", poll_type("llmio_with_class").replace("[Kind()]", "[Kind]"))
    faults = {
        "signature": ("request",),
        "misspelt": ("llmio_poll_typs", "did you mean llmio_poll_types?"),
        "unmarked": ("not marked with @hookimpl",),
        "with_class": ("returned the class Kind",),
    }
    start().names_all(faults, "failed")


def test_wrong_type_returned(strangers, start):
    wrong = {"[object()]": "which is no", "None": "must return a list", "'text'": "must return a list"}
    faults = {}
    for number, (returned, error) in enumerate(wrong.items()):
        for hook in HOOKS:
            name = f"broken_{number}_{hook[6:]}"
            strangers.add(name, GOOD + f"@hookimpl\ndef {hook}():\n    return {returned}\n")
            faults[name] = (hook, error)
    start().names_all(faults, "failed")


def test_one_wrong_object_sets_the_whole_plugin_aside(strangers, start):
    source = poll_type("llmio_broken").replace("[Kind()]", "[Kind(), 7]")
    strangers.add("broken", source)
    site = start()
    site.names("broken", "failed", "7")
    assert "strange" not in site.app.plugins.poll_types


def test_raising_when_asked_what_it_offers(strangers, start):
    for hook in HOOKS:
        source = GOOD + f"@hookimpl\ndef {hook}():\n    raise ValueError('out of order: {hook}')\n"
        strangers.add(f"broken_{hook[6:]}", source)
    strangers.add("poll_strange", poll_type("llmio_poll_strange"))
    site = start()
    site.names_all({f"broken_{hook[6:]}": (f"out of order: {hook}",) for hook in HOOKS}, "failed")
    assert "strange" in site.app.plugins.poll_types


def test_two_plugins_of_one_name(strangers, start):
    strangers.add("twin", distribution="llmio-first")
    strangers.add("twin", distribution="llmio-second", module="llmio_twin_second")
    site = start()
    site.serves_everything_else()
    for listing in (site.shown(), site.listed()):
        states = {one["distribution"]: one for one in listing["plugins"] if one["name"] == "twin"}
        assert states["llmio-first"]["state"] == "active"
        assert states["llmio-second"]["state"] == "duplicate"
        assert "llmio-first" in states["llmio-second"]["error"]
    assert "llmio-first" in site.browser.get("/admin/plugins")


def test_stranger_cannot_take_the_name_of_a_built_in(strangers, start):
    source = "raise RuntimeError('imported')"
    strangers.add("poll_proposal", source, distribution="aaa-evil", module="aaa_evil")
    site = start()
    site.serves_everything_else()
    for listing in (site.shown(), site.listed()):
        states = {one["distribution"]: one["state"] for one in listing["plugins"] if one["name"] == "poll_proposal"}
        assert states == {"llmio": "active", "aaa-evil": "duplicate"}
    assert type(site.app.plugins.poll_types["proposal"]).__module__ == "llmio_poll_proposal"


def test_stranger_cannot_take_the_key_of_a_built_in(strangers, start):
    strangers.add("broken", poll_type("llmio_broken", key="proposal"))
    site = start()
    site.names("broken", "failed", "poll type proposal is offered by poll_proposal already")
    assert type(site.app.plugins.poll_types["proposal"]).__module__ == "llmio_poll_proposal"


def test_incompatible_version_is_not_imported(strangers, start):
    strangers.add("old", "raise RuntimeError('imported')", requires="llmio>=99")
    line = start().names("old", "incompatible", "llmio>=99")
    assert "imported" not in line["error"]


def test_requirements_that_do_not_exclude_this_version(strangers, start):
    lines = (None, "llmio", "llmio>=0.0.1 ; python_version < '3'", "llmio>=99 ; extra == 'x'", "llmio ==", "llmiox>=99")
    for number, requires in enumerate(lines):
        strangers.add(f"fine{number}", requires=requires)
    start().names_all({f"fine{number}": () for number in range(len(lines))}, "active")


def test_disabled_by_the_operator(strangers, start):
    strangers.add("broken", "raise RuntimeError('imported')")
    site = start(LLMIO_PLUGINS_DISABLED="broken, poll_score")
    for listing in (site.shown(), site.listed()):
        line = site.line("broken", listing)
        assert (line["state"], line["switched_by"], line["error"]) == ("disabled", "LLMIO_PLUGINS_DISABLED", "")
    assert "score" not in site.app.plugins.poll_types
    assert "LLMIO_PLUGINS_DISABLED" in site.browser.get("/admin/plugins").html.find(id="plugin-broken").get_text()
    assert site.browser.get("/dashboard").status_int == 200


def test_only_those_named(strangers, start):
    strangers.add("other", "raise RuntimeError('imported')")
    site = start(LLMIO_PLUGINS_ONLY="poll_proposal")
    assert set(site.app.plugins.poll_types) == {"proposal"}
    assert site.line("other")["switched_by"] == "LLMIO_PLUGINS_ONLY"


def test_safe_mode_loads_what_comes_with_llmio_alone(strangers, start):
    strangers.add("broken", "raise RuntimeError('imported')")
    strangers.add("poll_strange", poll_type("llmio_poll_strange"))
    site = start(LLMIO_PLUGINS_SAFE="1")
    site.names("poll_strange", "disabled")
    assert site.line("broken")["switched_by"] == "LLMIO_PLUGINS_SAFE"
    assert "Safe mode" in site.browser.get("/admin/plugins")
    assert "strange" not in site.app.plugins.poll_types


def test_strict_mode_stops_at_the_first_fault(strangers, start):
    strangers.add("broken", "import no_such_module_anywhere")
    with pytest.raises(Unavailable, match=r"plugin broken is failed.*no_such_module_anywhere"):
        start(LLMIO_PLUGINS_STRICT="1")


def test_strict_mode_starts_when_all_is_well(strangers, start):
    strangers.add("poll_strange", poll_type("llmio_poll_strange"))
    start(LLMIO_PLUGINS_STRICT="1").names("poll_strange", "active")


@pytest.mark.parametrize(
    ("installed", "why"),
    [("import no_such_module_anywhere", "no_such_module_anywhere"), (None, "not installed")],
)
def test_required_plugin_refuses_the_start(strangers, start, installed, why):
    if installed:
        strangers.add("needed", installed)
    with pytest.raises(Unavailable, match=f"plugin needed is required.*{why}"):
        start(LLMIO_PLUGINS_REQUIRED="needed")


def test_required_plugin_that_works(strangers, start):
    strangers.add("needed")
    start(LLMIO_PLUGINS_REQUIRED="needed").names("needed", "active")


def test_command_tells_why_the_site_does_not_start(strangers, start, seam_url):
    strangers.add("needed", "import no_such_module_anywhere")
    site = start()
    site.env["LLMIO_PLUGINS_REQUIRED"] = "needed"
    site.env["LLMIO_PLUGINS_STRICT"] = "1"
    line = site.line("needed", site.listed())
    assert line["state"] == "failed"
    assert "no_such_module_anywhere" in line["error"]


def test_name_that_is_not_installed_is_told_with_the_nearest(start):
    site = start(LLMIO_PLUGINS_DISABLED="poll_scor")
    site.names("poll_scor", "missing", "LLMIO_PLUGINS_DISABLED names it", "did you mean poll_score?")
