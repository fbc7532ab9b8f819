"""Secrets are compared so that the time it takes tells nothing of them."""

from __future__ import annotations

import ast
import re

from tests.architecture.sources import is_test, python, short, walked

SECRET = re.compile(
    r"(.*_)?(token|secret|signature|digest|hmac|mac|password|api_key|csrf|nonce|given_code|login_code)", re.IGNORECASE
)
ALLOWED = {
    ("llmio/core/audit.py", "digest"): "a chain that everybody who may read it may know",
    ("llmio/live/collab/hub.py", "token"): "two places of one table, neither of which somebody sends",
    ("llmio/web/old_links.py", "token"): "the database looks it up in an index",
    ("llmio/discussions/resources.py", "token"): "what a cookie of ours holds, and whether to write it anew",
}


def secret_in(node: ast.expr) -> str:
    """The name of a secret that is compared; empty where it is none, or a column that the database compares."""
    if isinstance(node, ast.Attribute):
        column = isinstance(node.value, ast.Name) and node.value.id[:1].isupper() and not node.value.id.isupper()
        column = column or (isinstance(node.value, ast.Attribute) and node.value.attr == "c")
        return node.attr if SECRET.fullmatch(node.attr) and not column else ""
    if isinstance(node, ast.Name):
        return node.id if SECRET.fullmatch(node.id) and not node.id.isupper() else ""
    return ""


def plainly(path) -> set[str]:
    """Secrets that a module compares by == or !=; where one side is a column, the database does."""
    found = set()
    for node in walked(path):
        if not isinstance(node, ast.Compare) or not any(isinstance(one, ast.Eq | ast.NotEq) for one in node.ops):
            continue
        sides = [node.left, *node.comparators]
        columns = [
            one for one in sides if isinstance(one, ast.Attribute) and not secret_in(one) and SECRET.fullmatch(one.attr)
        ]
        constants = [one for one in sides if isinstance(one, ast.Constant)]
        if not columns and not constants:
            found |= {secret_in(one) for one in sides} - {""}
    return found


def test_no_secret_is_compared_plainly():
    product = [
        path for path in python("llmio", "plugins") if not is_test(path) and not short(path).startswith("llmio/testing")
    ]
    found = {(short(path), name) for path in product for name in plainly(path)}
    assert found - set(ALLOWED) == set(), "take hmac.compare_digest"
    assert set(ALLOWED) <= found, "no longer needed here: take it out of ALLOWED"


def test_a_secret_that_is_compared_plainly_would_be_found(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text(
        "ok = user.secret_token != secret\nfine = User.token == token\nkind = form.token == ''\nalso = t.c.token == token\n"
    )
    assert plainly(bad) == {"secret_token", "secret"}
