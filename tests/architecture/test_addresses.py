"""No address that leaves the site is made of the host that a request claims to have come by."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import is_test, python, short, templates, walked

BY_THE_REQUEST = {
    "route_url",
    "current_route_url",
    "resource_url",
    "static_url",
    "host_url",
    "application_url",
    "path_url",
    "relative_url",
}
OF_THE_REQUEST = {"host", "url", "domain", "host_port"}
ALLOWED = {"llmio/web/arrival.py": "tells the operator's doctor by which name a question arrived"}
IN_TEMPLATES = re.compile(rf"request\.(?:{'|'.join(sorted(BY_THE_REQUEST | OF_THE_REQUEST))})\b")


def of_the_request(path) -> set[str]:
    """What a module takes from a request's host."""
    found = set()
    for node in walked(path):
        if isinstance(node, ast.Attribute):
            of_request = isinstance(node.value, ast.Name) and node.value.id == "request"
            if node.attr in BY_THE_REQUEST or (of_request and node.attr in OF_THE_REQUEST):
                found.add(node.attr)
    return found


def test_addresses_are_made_of_the_sites_own_name():
    product = [path for path in python("llmio", "plugins") if not is_test(path)]
    found = {short(path): names for path in product if (names := of_the_request(path))}
    past = {
        path: names for path, names in found.items() if path not in ALLOWED and not path.startswith("llmio/testing/")
    }
    assert past == {}, "take request.link or core.urls.absolute"
    assert set(ALLOWED) <= set(found), "no longer needed here: take it out of ALLOWED"


def test_templates_make_addresses_of_the_sites_own_name():
    assert len(templates()) > 100
    assert [short(path) for path in templates() if IN_TEMPLATES.search(path.read_text())] == []
