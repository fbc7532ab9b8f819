"""Pages of plugins: below `/x/<name>/`, closed unless they say otherwise, set aside or shown as unavailable when at fault."""

from __future__ import annotations

import pytest
from webtest import TestApp

PAGES = """
from pyramid.response import Response
from llmio.plugins import Permission, Plugin, hookimpl

PLUGIN = Plugin("Pages", "Has pages of its own.")


def hello(request):
    return Response("hello from %s" % request.matched_route.name)


def raising(request):
    raise ValueError("page out of order")


def leaving(request):
    raise SystemExit("page wants to leave")


def plain(request):
    return {{"items": []}}


@hookimpl
def llmio_includeme(config):
    config.add_route("{name}.hello", "/hello")
    config.add_view(hello, route_name="{name}.hello", permission=Permission.PUBLIC)
    config.add_route("{name}.closed", "/closed")
    config.add_view(hello, route_name="{name}.closed")
    config.add_route("{name}.raising", "/raising")
    config.add_view(raising, route_name="{name}.raising", permission=Permission.PUBLIC)
    config.add_route("{name}.leaving", "/leaving")
    config.add_view(leaving, route_name="{name}.leaving", permission=Permission.PUBLIC)
    config.add_route("{name}.template", "/template")
    config.add_view(plain, route_name="{name}.template", permission=Permission.PUBLIC,
                    renderer="llmio_{name}:templates/page.jinja2")
    config.add_static_view("static", "llmio_{name}:static")
    {more}
"""
TEMPLATE = (
    '{% extends "llmio:web/templates/layout.jinja2" %}{% block main %}<h1>{{ items.nothing.at.all }}</h1>{% endblock %}'
)


def pages(name: str, more: str = "pass") -> dict[str, object]:
    """Arguments for `strangers.add`."""
    return {
        "source": PAGES.format(name=name, more=more),
        "files": {"templates/page.jinja2": TEMPLATE, "static/a.txt": "a file"},
    }


def test_pages_are_served_below_the_name(strangers, start):
    strangers.add("pages", **pages("pages"))
    site = start()
    site.names("pages", "active")
    assert site.browser.get("/x/pages/hello").text == "hello from pages.hello"
    assert site.browser.get("/x/pages/static/a.txt").text == "a file"


def test_page_without_permission_is_closed(strangers, start):
    strangers.add("pages", **pages("pages"))
    site = start()
    assert site.browser.get("/x/pages/closed").status_int == 200
    nobody = TestApp(site.browser.app)
    assert nobody.get("/x/pages/closed").location.endswith("/sign_in?next=%2Fx%2Fpages%2Fclosed")
    assert nobody.get("/x/pages/hello").status_int == 200


def test_includeme_raising_half_way_takes_only_its_own_pages(strangers, start):
    strangers.add("first", **pages("first"))
    strangers.add("half", **pages("half", "raise ValueError('half way')"))
    strangers.add("leaving", **pages("leaving", "raise SystemExit('wants to leave')"))
    strangers.add("last", **pages("last"))
    site = start()
    site.names_all({"half": ("half way",), "leaving": ("wants to leave",)}, "partly")
    assert "Traceback" in site.line("half")["traceback"]
    for name in ("half", "leaving"):
        assert site.browser.get(f"/x/{name}/hello", status=404)
    for name in ("first", "last"):
        assert site.browser.get(f"/x/{name}/hello").status_int == 200
        assert site.line(name)["state"] == "active"


def test_view_that_does_not_exist_is_found_at_start(strangers, start):
    strangers.add("half", **pages("half", "config.add_view('llmio_half.nowhere', route_name='half.hello', xhr=True)"))
    strangers.add("last", **pages("last"))
    site = start()
    site.names("half", "partly", "nowhere")
    assert site.browser.get("/x/last/hello").status_int == 200


REACHING = {
    "taken": ("config.add_route('sign_in', '/mine')", "not the plugin's own"),
    "twice": ("config.add_route('twice.hello', '/again')", "Conflict"),
    "over": ("config.add_view(hello, route_name='home')", "not the plugin's own"),
    "errors": ("config.add_view(hello, context=Exception)", "not the plugin's own"),
    "notfound": ("config.add_notfound_view(hello)", "not the plugin's own"),
    "tween": ("config.add_tween('llmio_tween.hello')", "not tweens"),
    "listener": ("config.add_subscriber(hello, 'pyramid.events.NewRequest')", "not subscribers"),
    "opener": ("config.set_default_permission('site.public')", "not default permission"),
    "policy": ("config.set_security_policy(object())", "not security policy"),
    "method": ("config.add_request_method(hello, 'ctx', property=True)", "not request extensions"),
    "words": ("config.get_jinja2_environment().globals['_'] = str", "belongs to all pages"),
    "filters": ("config.get_jinja2_environment().filters.clear()", "belongs to all pages"),
    "assets": ("config.override_asset('llmio:web/templates/', 'llmio_assets:templates/')", "not asset overrides"),
}


def test_reaching_into_the_pages_of_others_is_refused(strangers, start):
    for name, (more, _error) in REACHING.items():
        strangers.add(name, **pages(name, more))
    strangers.add("last", **pages("last"))
    site = start()
    site.names_all({name: (error,) for name, (_more, error) in REACHING.items()}, "partly")
    assert site.browser.get("/x/last/hello").status_int == 200
    assert site.browser.get("/x/taken/hello", status=404)


def test_route_taken_twice_by_two_plugins(strangers, start):
    strangers.add("first", **pages("first"))
    strangers.add("second", **pages("second", "config.add_route('first.hello', '/hello2')"))
    site = start()
    site.names("second", "partly", "first.hello")
    assert site.browser.get("/x/first/hello").status_int == 200


def test_poll_types_stay_where_only_pages_are_at_fault(strangers, start):
    from tests.seam.distributions import poll_type

    source = poll_type("llmio_mixed") + "\n@hookimpl\ndef llmio_includeme(config):\n    raise ValueError('no pages')\n"
    strangers.add("mixed", source)
    site = start()
    site.names("mixed", "partly", "no pages")
    assert "strange" in site.app.plugins.poll_types


@pytest.mark.parametrize(
    ("page", "error"), [("raising", "page out of order"), ("leaving", "wants to leave"), ("template", "nothing")]
)
def test_page_that_raises_is_unavailable_and_noted(strangers, start, page, error):
    strangers.add("pages", **pages("pages"))
    site = start()
    answer = site.browser.get(f"/x/pages/{page}", status=503)
    assert "does not work at the moment" in answer
    site.browser.get(f"/x/pages/{page}", status=503)
    assert site.browser.get("/x/pages/hello").status_int == 200
    line = site.names("pages", "active", error, f"page pages.{page}")
    (failure,) = line["failures"]
    assert failure["plugin"] == "pages"
    assert "Traceback" in failure["traceback"]


def test_failures_are_forgotten_on_request(strangers, start):
    strangers.add("pages", **pages("pages"))
    site = start()
    site.browser.get("/x/pages/raising", status=503)
    page = site.browser.get("/admin/plugins")
    (form,) = [form for form in page.forms.values() if form.action.endswith("/pages/forget")]
    form.submit().follow()
    assert site.line("pages")["failures"] == []
    assert site.line("pages", site.listed())["failures"] == []


def test_strict_mode_lets_the_error_of_a_page_through(strangers, start):
    strangers.add("pages", **pages("pages"))
    site = start(LLMIO_PLUGINS_STRICT="1")
    assert site.browser.get("/x/pages/raising", status=500)


def test_strict_mode_stops_at_pages_that_cannot_be_added(strangers, start):
    strangers.add("half", **pages("half", "raise ValueError('half way')"))
    with pytest.raises(ValueError, match="half way"):
        start(LLMIO_PLUGINS_STRICT="1")
