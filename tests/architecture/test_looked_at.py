"""Every page is looked at in the browser, or is named with the reason why not."""

from __future__ import annotations

import pytest
from pyramid.interfaces import IRoutesMapper
from pyramid.request import Request

from llmio import web
from tests.architecture import written
from tests.browser import pages


@pytest.fixture(scope="module")
def config():
    made = web.configurator(written.app())
    made.commit()
    return made


@pytest.fixture(scope="module")
def shown(config) -> set[str]:
    """Names of the routes that answer GET."""
    views = [one["introspectable"] for one in config.introspector.get_category("views")]
    return {
        view["route_name"]
        for view in views
        if view["route_name"] and (not view["request_methods"] or "GET" in view["request_methods"])
    }


@pytest.fixture(scope="module")
def looked_at(config) -> set[str]:
    """Names of the routes of what is in the lists."""
    mapper = config.registry.getUtility(IRoutesMapper)
    found = set(pages.STEPS)
    for path in (*pages.SIGNED_OUT, *pages.MEMBER, *pages.ADMIN):
        route = mapper(Request.blank(pages.filled(path, pages.SHAPES)))["route"]
        if route is not None:
            found.add(route.name)
    return found


def test_every_page_is_in_a_list_or_has_a_reason(shown, looked_at):
    missing = sorted(shown - looked_at - set(pages.OTHERWISE))
    assert missing == [], f"put a path of these routes into a list of tests/browser/pages.py, or the reason: {missing}"


def test_no_reason_is_left_over(shown, looked_at):
    assert sorted(name for name in pages.OTHERWISE if name in looked_at or name not in shown) == []
