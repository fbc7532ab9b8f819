"""Whoever adds an act of administrators or admins, or a command, says here whether the log has it, or why not."""

from __future__ import annotations

import re

import click
import pytest

from llmio import web
from llmio.admin.service.wording import KINDS, SENTENCES
from llmio.cli import group
from tests.architecture import written
from tests.architecture.sources import python
from tests.functional.test_audit_acts import BY_COMMAND, CASES, ELSEWHERE

OWN = "people do it with what is their own"
SEEN = "everybody sees it where it was done, with who did it, and it can be taken back there"
ASKED = "repeats or tries what was asked for before; nothing and nobody's rights change"
NOT_LOGGED = {
    "accounts.*": OWN,
    "collab.*": "answers a program",
    "comments.create": OWN,
    "comments.edit": "the history of the comment has it, with who did it",
    "csp.reports": "a browser tells what it stopped",
    "discussions.close": SEEN,
    "discussions.create": OWN,
    "discussions.edit": "the history of the thread has it, with who did it",
    "discussions.people": "the guests see who invited them, and the list of people has it",
    "discussions.pin": SEEN,
    "discussions.pin_item": SEEN,
    "discussions.unpin": SEEN,
    "discussions.unpin_item": SEEN,
    "discussions.reopen": SEEN,
    "discussions.dismiss": OWN,
    "discussions.join": OWN,
    "discussions.read": OWN,
    "discussions.recall": OWN,
    "discussions.volume": OWN,
    "files.*": OWN,
    "groups.invitation": OWN,
    "groups.invite": "an event, which the invited and the list of members name with who did it",
    "groups.join": OWN,
    "groups.join_by_link": OWN,
    "groups.leave": OWN,
    "groups.new": OWN,
    "groups.new_subgroup": OWN,
    "groups.request": OWN,
    "groups.volume": OWN,
    "integrations.again": ASKED,
    "integrations.test": ASKED,
    "mail.personal": OWN,
    "mail.processor": "mail comes in",
    "mail.relay": "mail comes in",
    "memberships.resend": ASKED,
    "memberships.title": SEEN,
    "notifications.*": OWN,
    "outcomes.edit": "the history of the outcome has it, with who did it",
    "outcomes.share": "an event, which those who are told see with who did it",
    "polls.close": "an event of the thread",
    "polls.edit": "the history of the poll has it, with who did it",
    "polls.new": OWN,
    "polls.outcome": "an event of the thread",
    "polls.remind": "an event, which those who are told see with who did it",
    "polls.open": "an event of the thread",
    "polls.reopen": "an event of the thread",
    "polls.stay_draft": "a draft that does not open by itself stays a draft",
    "polls.thread": "an event of the thread",
    "polls.uncast": OWN,
    "polls.vote": OWN,
    "polls.voters": "an event, which the invited see with who did it",
    "reactions.react": OWN,
    "readers.resend": ASKED,
    "tasks.tick": SEEN,
    "upkeep.delete_account": OWN,
    "upkeep.address": OWN,
    "upkeep.address_confirm": "the account is one's own, and the new address is proved by mail",
    "upkeep.merge": OWN,
    "upkeep.merge_confirm": "both accounts are one's own, which is proved by mail",
    "admin.retry_job": ASKED,
    "admin.retry_jobs": ASKED,
    "admin.send_again": ASKED,
    "admin.send_all_again": ASKED,
    "admin.doctor": "only reads, and keeps what was found",
    "admin.audit": "only reads, and keeps what was found",
    "admin.try_mail": ASKED,
    "admin.reindex": ASKED,
    "admin.forget_failures": "clears what was counted of a plugin's errors; the process's log has them",
}
STARTS = "starts a process of the site"
READS = "only reads"
COPIES = "is about the database as a whole, log included; `llmio audit verify` is what tells about that"
COMMANDS_NOT_LOGGED = {
    "up": STARTS, "serve": STARTS, "worker": STARTS, "beat": STARTS, "channels": STARTS, "hocuspocus": STARTS, "smtp": STARTS,
    "task": STARTS, "mailsink": STARTS, "probe": READS, "doctor": READS, "db check": READS, "config describe": READS, "config check": READS,
    "config explain": READS, "plugins list": READS, "plugins check": READS, "user list": READS, "features list": READS, "jobs": READS,
    "search status": READS, "files check": READS, "mail log": READS, "audit verify": READS,
    "plugins bisect": "changes nothing: each trial is a process of its own", "jobs retry": ASKED, "search reindex": ASKED, "mail test": ASKED,
    "files test": ASKED, "files move": "moves bytes; who may see a file stays", "files sweep": "removes what nothing names",
    "setup": "writes a file before there is a database", "demo": "fills an empty site", "db upgrade": COPIES, "db adopt": COPIES,
    "adopt": COPIES, "backup": COPIES, "restore": COPIES, "x": "commands of plugins",
}  # fmt: skip


def posts() -> set[str]:
    """Routes by which something is changed."""
    config = web.configurator(written.app())
    config.commit()
    views = [one["introspectable"] for one in config.introspector.get_category("views")]
    return {view["route_name"] for view in views if view["route_name"] and "POST" in (view["request_methods"] or ())}


def commands(command: click.Command, path: tuple[str, ...] = ()) -> set[str]:
    """Every command that does something, as typed."""
    if not isinstance(command, click.Group) or path == ("x",):
        return {" ".join(path)}
    context = click.Context(command)
    below = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    own = {" ".join(path)} if command.invoke_without_command else set()
    return own.union(*(commands(one, (*path, name)) for name, one in below if one is not None))


def listed(name: str) -> bool:
    return name in NOT_LOGGED or f"{name.partition('.')[0]}.*" in NOT_LOGGED


def test_every_door_that_changes_something_is_in_the_log_or_has_a_reason():
    there = {name for name in posts() if not name.startswith("__") and "." in name}
    tried = {case[1] for case in CASES} | ELSEWHERE.keys()
    assert len(there) > 100
    assert sorted(name for name in there if name not in tried and not listed(name)) == []
    assert sorted(tried - there) == [], "these doors are no more"
    assert sorted(name for name in NOT_LOGGED if not name.endswith("*") and name not in there) == [], "no more"
    assert sorted(tried & NOT_LOGGED.keys()) == [], "either or"
    assert not [name for name in tried - {"accounts.setup"} if f"{name.partition('.')[0]}.*" in NOT_LOGGED]


def test_every_command_is_in_the_log_or_has_a_reason():
    there = commands(group)
    assert sorted(there - BY_COMMAND.keys() - COMMANDS_NOT_LOGGED.keys()) == []
    assert sorted((BY_COMMAND.keys() | COMMANDS_NOT_LOGGED.keys()) - there) == [], "these commands are no more"


def test_every_act_that_is_written_has_its_words_and_every_word_its_act():
    text = "\n".join(path.read_text() for path in python("llmio") if path.name != "wording.py")
    written_acts = set(re.findall(r"note(?:_of_other)?\((?:request\.)?ctx, \"([a-z_]+\.[a-z_]+)\"", text))
    tried = {act for case in CASES for act in case[4].split()} | {act for act, _where in ELSEWHERE.values()}
    assert sorted(written_acts - SENTENCES.keys()) == []
    assert sorted((tried | set(BY_COMMAND.values())) - SENTENCES.keys()) == []
    assert sorted(SENTENCES.keys() - tried - set(BY_COMMAND.values()) - {"user.create_admin"}) == [], (
        "nothing tries these"
    )


@pytest.mark.parametrize("act", SENTENCES)
def test_every_sentence_names_who_and_belongs_to_a_kind(act):
    assert act.partition(".")[0] in KINDS
    assert "{who}" in SENTENCES[act].text or act == "site.set_up"
