"""Every page and act under /admin is for the site's administrators alone: by matrix, each role on each route."""

from __future__ import annotations

import re

import pytest

from tests import factories as make
from tests.functional.doors.places import registry_of

PUBLIC = {"admin.health"}


@pytest.fixture(scope="module")
def routes(wsgi):
    """(name, path with something in each place, methods) of every route of the feature."""
    registry = registry_of(wsgi)
    views = {}
    for one in registry.introspector.get_category("views"):
        view = one["introspectable"]
        if (view["route_name"] or "").startswith("admin."):
            views.setdefault(view["route_name"], set()).update(view["request_methods"] or ("GET",))
    found = []
    for one in registry.introspector.get_category("routes"):
        route = one["introspectable"]
        if route["name"] in views:
            path = re.sub(r"\{state:[^}]*\}", "dead", route["pattern"])
            path = re.sub(r"\{\w+(:[^}]*)?\}", "1", path)
            found += [(route["name"], path, method) for method in sorted(views[route["name"]])]
    return found


@pytest.mark.parametrize("role", ["nobody", "member", "group admin", "closed administrator"])
def test_nobody_else_comes_in(web, db, routes, role):
    ada = make.user(db)
    make.group(db, admin=ada if role == "group admin" else None)
    if role == "closed administrator":
        ada = make.admin_of_site(db)
    if role != "nobody":
        web.sign_in(ada)
    if role == "closed administrator":
        ada.is_admin = False
    assert len(routes) > 15
    let_in = []
    for name, path, method in routes:
        answer = web.get(path, expect_errors=True) if method == "GET" else web.send(path, expect_errors=True)
        to_sign_in = answer.status_int == 303 and "/sign_in" in answer.headers.get("Location", "")
        if answer.status_int not in (403, 404) and not (role == "nobody" and (to_sign_in or answer.status_int == 401)):
            let_in.append((name, method, answer.status))
    assert let_in == []


def test_an_administrator_sees_every_page(web, db, routes):
    web.sign_in(make.admin_of_site(db))
    pages = [(path, web.get(path, expect_errors=True).status_int) for _n, path, method in routes if method == "GET"]
    assert [one for one in pages if one[1] not in (200, 404)] == []
    assert len([one for one in pages if one[1] == 200]) > 5
