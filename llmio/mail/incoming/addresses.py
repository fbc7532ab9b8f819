"""What an address of ours means: an answer to something, a person's way to start threads, or a group."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmio.core.settings import Settings

PARENTS = {"p": "Poll", "c": "Comment", "s": "Stance", "o": "Outcome"}
HANDLE = re.compile(r"[^\s@+=&]{1,255}")
LARGEST_ID = 2**31 - 1


@dataclass(frozen=True)
class Answer:
    """`pt=c&pi=7&d=3&u=5&k=…`: an answer in thread `d` to item `pt`/`pi`, by user `u` who has the key."""

    discussion_id: int
    user_id: int
    key: str
    parent_type: str = ""
    parent_id: int = 0


@dataclass(frozen=True)
class Personal:
    """`<handle>+u=5&k=…`: a thread in the group, by user `u` who has the key."""

    handle: str
    user_id: int
    key: str


@dataclass(frozen=True)
class Handle:
    """A group's handle, or that of a rule to forward."""

    handle: str


Route = Answer | Personal | Handle


def hosts_of(settings: Settings) -> frozenset[str]:
    """The hosts whose mail is ours, in lower case."""
    named = (settings.text("mail.reply_host"), *settings["mail.old_reply_host"])
    return frozenset(name.strip().lower().rstrip(".") for name in named if name and name.strip())


def is_ours(address: str, hosts: Iterable[str]) -> bool:
    """Whether an address is on one of the hosts."""
    return address.rpartition("@")[2].lower().rstrip(".") in set(hosts)


def route_of(local: str) -> Route | None:
    """What the local part of an address of ours means; None for nothing."""
    local = local.strip().strip('"')
    handle, plus, rest = local.partition("+")
    if plus and "=" in rest:
        values = _values(rest)
        user_id, key = _id(values, "u"), values.get("k", "")
        return Personal(handle, user_id, key) if HANDLE.fullmatch(handle) and user_id and key else None
    if "=" in local:
        return _answer(_values(local))
    return Handle(local) if HANDLE.fullmatch(local) else None


def _answer(values: dict[str, str]) -> Answer | None:
    discussion_id, user_id, key = _id(values, "d"), _id(values, "u"), values.get("k", "")
    if not (discussion_id and user_id and key):
        return None
    parent_type, parent_id = PARENTS.get(values.get("pt", "").lower(), ""), _id(values, "pi")
    if not parent_type and _id(values, "c"):
        parent_type, parent_id = "Comment", _id(values, "c")
    if not (parent_type and parent_id):
        parent_type, parent_id = "", 0
    return Answer(discussion_id, user_id, key, parent_type, parent_id)


def _values(text: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(text.replace("+", "%2B"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name.lower(): value for name, value in reversed(pairs)}


def _id(values: dict[str, str], name: str) -> int:
    text = values.get(name, "")
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= 10 else 0
    return number if number <= LARGEST_ID else 0
