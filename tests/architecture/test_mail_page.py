"""docs/operators/mail.md and the code name the same mails, both ways."""

from __future__ import annotations

import ast
import re

from llmio import boot
from llmio.core.events import Channel
from tests.architecture.sources import ROOT, python, short, walked

PAGE = ROOT / "docs/operators/mail.md"
BY_MAIL = {Channel.EMAIL, Channel.AUTHOR, Channel.SUBSCRIBERS}
BELL_ALONE = {"reaction_created"}
"""Kinds whose author is told in the bell alone."""
DERIVED = {"comment_replied_to"}
"""What `user_mentioned` is called for whoever was answered."""


def tables():
    """The kinds that the two tables name: of events, and all others."""
    about = PAGE.read_text().partition("## Every mail")[2].partition("\n## ")[0]
    events, _mark, others = about.partition("### About accounts")
    return [set(re.findall(r"`([a-z_]+)`", "".join(column(part, 1)))) for part in (events, others)]


def column(text, number):
    rows = [line.split("|")[1:-1] for line in text.splitlines() if line.startswith("| ")]
    return [row[number] for row in rows[1:]]


def composed():
    """The kinds given where mails are composed."""
    found = set()
    for path in python("llmio"):
        if short(path).startswith("llmio/testing"):
            continue
        for node in walked(path):
            if isinstance(node, ast.Call) and {"message_id"} <= {word.arg for word in node.keywords}:
                kinds = [word.value for word in node.keywords if word.arg == "kind"]
                found |= {kind.value for kind in kinds if isinstance(kind, ast.Constant)}
    return found


def kinds_of_events(app):
    return {name for name, kind in app.kinds.items() if kind.channels & BY_MAIL} - BELL_ALONE


def test_the_page_names_every_mail_about_events_and_no_other(llmio_app):
    assert tables()[0] == kinds_of_events(llmio_app) | DERIVED


def test_the_page_names_every_other_mail_and_no_other():
    assert tables()[1] == composed()


def test_a_mail_that_the_page_forgets_would_be_found():
    assert {"login", "catch_up", "bounce"} <= composed()
    assert "new_comment" not in composed()
    assert boot.FEATURES
