"""Every address of the product, filled in: read from what Pyramid knows of its routes, plugins included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import quote

PART = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^}]*\})*))?\}")
ALTERNATIVES = re.compile(r"[A-Za-z_]+(\|[A-Za-z_]+)*")
METHODS = ("GET", "POST")
KINDS = {
    ("features", "key"): "=features.contact", ("polls", "key"): "poll",
    ("g", "key"): "group", ("d", "key"): "thread", ("threads", "key"): "thread", ("p", "key"): "poll", ("vote", "key"): "poll",
    ("u", "username"): "person", ("memberships", "id"): "membership", ("membership_requests", "id"): "request",
    ("comments", "id"): "comment", ("tasks", "id"): "task", ("comment", "id"): "comment", ("discussion_readers", "id"): "reader",
    ("items", "event_id"): "event", ("slug", "sequence_id"): "sequence", ("key", "slug"): "=any-words",
    ("outcomes", "id"): "outcome", ("guests", "user_id"): "person id", ("voters", "id"): "stance", ("received_emails", "id"): "mail",
    ("member_email_aliases", "id"): "alias", ("notifications", "id"): "notice", ("integrations", "id"): "bot",
    ("again", "delivery"): "delivery", ("tags", "id"): "tag", ("work", "id"): "work", ("users", "id"): "person id",
    ("id", "act"): "=deactivate", ("imports", "id"): "work", ("groups", "id"): "group id", ("discussions", "id"): "thread id",
    ("jobs", "id"): "=1", ("deliveries", "id"): "=1", ("plugins", "name"): "plugin", ("schemas", "kind"): "=poll_created",
    ("mail", "key"): "=1", ("reactions", "type"): "=comment", ("type", "id"): "@type", ("kind", "id"): "@kind",
    ("files", "reference"): "file", ("reference", "filename"): "filename", ("signed", "filename"): "filename",
    ("variation", "filename"): "filename", ("how", "signed"): "=eyJfcmFpbHMiOnt9fQ==--00", ("blobs", "how"): "=redirect/",
    ("representations", "how"): "=proxy/", ("signed", "variation"): "=eyJfcmFpbHMiOnt9fQ==--00", ("disk", "token"): "=eyJ9.abc",
    ("unsubscribe", "token"): "unsubscribe", ("catch_up", "token"): "unsubscribe", ("token", "day"): "=2026-01-01",
    ("token", "kind"): "=discussion", ("login_tokens", "token"): "=wrong-token", ("setup", "token"): "=wrong-token",
    ("merge", "token"): "=wrong-token", ("address", "token"): "=wrong-token", ("invitations", "token"): "invitation", ("group", "token"): "join link",
    ("model", "token"): "=wrong-token", ("", "handle"): "handle", ("dashboard", "filter"): "=all",
    ("mark_notification_as_read", "id"): "notice", ("mark_discussion_as_read", "id"): "thread id", ("id", "event"): "event",
    ("unfollow_discussion", "id"): "thread id", ("mark_summary_email_as_read", "picture"): "=.gif", ("token", "picture"): "=.gif",
    ("", "page"): "=start_group", ("new", "kind"): "=proposal", ("key", "rest"): "=any-words/more",
    ("ways", "notifier"): "=pager", ("event", "token"): "=wrong-token", ("id", "token"): "=wrong-token",
}  # fmt: skip
"""(what stands before, name of the part) → what goes there: a key of the world's records, `=` a text, `@` what another part says."""
NUMBERED = {"discussion": "thread id", "poll": "poll id", "group": "group id", "comment": "comment", "Stance": "stance", "Outcome": "outcome"}  # fmt: skip


@dataclass(frozen=True)
class Door:
    """One method of one address."""

    name: str
    pattern: str
    method: str
    words: tuple[tuple[str, str], ...] = ()
    """Parts of the address that are one of a few words."""

    @property
    def parts(self) -> list[tuple[str, str]]:
        """(what stands before, name) of each part that names a record."""
        return [one for one in parts_of(self.pattern) if one[1] not in dict(self.words)]

    def path(self, values: Mapping[str, Any], *, instead: Mapping[str, str] | None = None) -> str:
        """The address with the records of `values`; `instead` says what goes in some parts. KeyError where a part is not known."""
        done, chosen = "", dict(self.words)
        rest = self.pattern
        while found := PART.search(rest):
            name = found.group(1)
            lead = before_of(self.pattern, name)
            value = chosen.get(name)
            if value is None:
                value = (instead or {}).get(name) or filled(KINDS[lead, name], values, chosen)
                chosen[name] = value
            done += rest[: found.start()] + quote(value, safe="/=")
            rest = rest[found.end() :]
        return "/" + (done + rest).lstrip("/")


def filled(kind: str, values: Mapping[str, Any], chosen: Mapping[str, str]) -> str:
    """What goes into a part."""
    if kind.startswith("="):
        return kind[1:]
    if kind.startswith("@"):
        kind = NUMBERED.get(chosen[kind[1:]], "comment")
    return str(values[kind])


def parts_of(pattern: str) -> list[tuple[str, str]]:
    """(what stands before, name) of each part."""
    return [(before_of(pattern, found.group(1)), found.group(1)) for found in PART.finditer(pattern)]


def before_of(pattern: str, name: str) -> str:
    """The word or the part before a part."""
    pieces = [piece for piece in re.split(r"/|(\{\w+(?::(?:[^{}]|\{[^}]*\})*)?\})", pattern) if piece]
    for place, piece in enumerate(pieces):
        found = PART.fullmatch(piece)
        if found and found.group(1) == name:
            above = pieces[place - 1] if place else ""
            part = PART.fullmatch(above)
            return part.group(1) if part else above
    raise KeyError(name)


def registry_of(wsgi: Any) -> Any:
    """What Pyramid knows, below whatever stands before it."""
    while not hasattr(wsgi, "registry"):
        wsgi = wsgi.application if hasattr(wsgi, "application") else wsgi.app
    return wsgi.registry


def doors_of(registry: Any) -> list[Door]:
    """Every route with each of its methods; words in an address one by one. A view without a method reads."""
    views: dict[str, set[str]] = {}
    for one in registry.introspector.get_category("views"):
        view = one["introspectable"]
        if view["route_name"]:
            views.setdefault(view["route_name"], set()).update(_methods(view["request_methods"]))
    found = []
    for one in registry.introspector.get_category("routes"):
        route = one["introspectable"]
        for method in sorted(views.get(route["name"], set())):
            found += [Door(route["name"], route["pattern"], method, words) for words in _words(route["pattern"])]
    return found


def _methods(given: Any) -> tuple[str, ...]:
    given = (given,) if isinstance(given, str) else given or ("GET",)
    return tuple(method for method in given if method != "HEAD")


def _words(pattern: str) -> Iterator[tuple[tuple[str, str], ...]]:
    few = [(found.group(1), found.group(2).split("|")) for found in PART.finditer(pattern)
           if found.group(2) and ALTERNATIVES.fullmatch(found.group(2))]  # fmt: skip
    for chosen in product(*(words for _name, words in few)):
        yield tuple(zip((name for name, _words in few), chosen, strict=True))
