"""Every route of the product, as every role, with good, foreign, discarded and garbled names: nothing leaks, nothing breaks."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import webob

from llmio.core.context import Context
from llmio.search import building
from llmio.testing.browser import COOKIE, Browser, identity_of
from llmio.testing.isolation import bound, commit
from llmio.testing.isolation import test_session as own_session
from tests.functional.doors.places import KINDS, Door, doors_of, filled, registry_of
from tests.functional.doors.world import FOUND_BY, ROLES, World, build

OPEN_KINDS = frozenset(
    {"person", "unsubscribe", "plugin", "delivery", "join link", "invitation", "filename", "sequence"}
)
"""People's names are for everyone who is signed in; tokens are their own permission; the others lie within what is asked first."""
GARBAGE = ("0", "-1", str(2**31), str(2**63), "a", "\0", "٣", "x" * 3000, "9" * 5000, "%", "..", "' OR 1=1", "1e3")
CHANGES = re.compile(r'(nonce|csrf[-_]token)"? (content|value)="[^"]*"|nonce="[^"]*"')
SEEN_BY_ADMINS = {"closed thread": "thread", "closed poll": "poll", "blind poll": "poll"}


@dataclass
class Visit:
    """The matrix's own client: one cookie a role, and every request undone."""

    wsgi: Any
    connection: Any
    cookies: dict[str, tuple[str, str]]

    def __call__(self, role: str, method: str, path: str, fields: Any = None, **headers: str) -> webob.Response:
        """Send a request as a role; what it wrote is rolled back."""
        cookie, token = self.cookies[role]
        request = webob.Request.blank(path, POST=fields if method == "POST" else None)
        request.method = method
        request.environ["REMOTE_ADDR"] = "127.0.0.1"
        request.headers.update({"Cookie": f"{COOKIE}={cookie}", "X-CSRF-Token": token, **headers})
        undo = self.connection.begin_nested()
        try:
            answer = request.get_response(self.wsgi)
            answer.body  # noqa: B018  # read while it can be
            answer.request = request
        finally:
            undo.rollback()
        return answer


@pytest.fixture(scope="module")
def known(llmio_app, engine, wsgi) -> Iterator[tuple[World, Visit]]:
    """The world, made once, and the client."""
    ports: Any = llmio_app.ports
    for port in (ports.clock, ports.queue, ports.mailer, ports.http, ports.live):
        port.reset()
    llmio_app.redis.flushdb()
    with engine.connect() as connection, bound(llmio_app, connection):
        outer = connection.begin()
        with own_session(llmio_app) as (db, tm):
            world = build(db, lambda user: Context(llmio_app, db, tm, identity_of(user)))
            people = dict(world.people)
            commit(db, tm)
            cookies = {role: _cookie(wsgi, llmio_app, db, people.get(role)) for role in ROLES}
            for _step in building.build(llmio_app):
                pass
            world.people = people
            yield world, Visit(wsgi, connection, cookies)
        outer.rollback()


def _cookie(wsgi: Any, app: Any, db: Any, user: Any) -> tuple[str, str]:
    browser = Browser(wsgi, app, before=db.flush)
    if user is not None:
        browser.sign_in(user)
    token = browser.csrf_token
    return browser.cookies[COOKIE], token


@pytest.fixture(scope="module")
def doors(wsgi) -> list[Door]:
    """All of them."""
    return doors_of(registry_of(wsgi))


def values_for(world: World, role: str) -> dict[str, Any]:
    """The secret group's records; of tokens, the role's own."""
    own = world.people[role].unsubscribe_token if role in world.people else "wrong-token"
    return world.good | {"unsubscribe": own}


def fields_for(world: World, values: dict[str, Any]) -> dict[str, Any]:
    """What is sent along everywhere: records of the secret group, under every name that the product reads."""
    return {
        "q": FOUND_BY, "query": FOUND_BY, "group_id": values["group id"], "group": values["group"], "discussion_id": values["thread id"],
        "discussion": values["thread"], "poll_id": values["poll id"], "parent_id": values["comment"], "parent_type": "Comment",
        "user_ids": values["person id"], "title": "Words", "name": "Words", "body": "Words", "reason": "Words", "statement": "Words",
        "poll_type": "proposal", "volume": "2", "ranges": "1-3", "items": values["event"], "email": "new@example.org",
        "emails": "new@example.org", "password": "not the password", "next": f"/d/{values['thread']}", "target": values["thread"],
        "attachments": values["file"], "change": "add", "on": "1", "author": values["person"], "type": "Comment", "after": "0",
        "filename": "a.txt", "answer": "1", "reaction": "+1", "confirm": "1", "source_id": values["person id"],
    }  # fmt: skip


def called(door: Door, path: str, fields: dict[str, Any], visit: Visit, role: str) -> webob.Response:
    """A door opened with fields: in the address where it reads, in the body where it acts."""
    if door.method == "GET" and not door.parts:
        return visit(role, "GET", f"{path}?{urlencode(fields)}")
    return visit(role, door.method, path, fields)


def leaks(world: World, role: str, answer: webob.Response) -> list[str]:
    """Words in an answer that the role may not read."""
    text = answer.body.decode("utf-8", "replace") + str(answer.headers)
    lower = text.lower()
    asked = answer.request.path_qs.lower()  # who names a thing gets the name back
    return [word for word, may in world.secrets.items()
            if role not in may and word.lower() in lower and word.lower() not in asked]  # fmt: skip


def broke(answer: webob.Response, path: str) -> bool:
    """Whether it is a fault of ours. /health says 503 here, since no worker runs."""
    return answer.status_int >= 500 and path != "/health"


def test_every_route_has_a_place_in_the_matrix(known, doors):
    world, _visit = known
    unknown = []
    for door in doors:
        try:
            door.path(values_for(world, "admin"))
        except KeyError as missing:
            unknown.append((door.name, door.pattern, str(missing)))
    assert unknown == [], "say in places.KINDS what goes into these:\n" + "\n".join(map(str, unknown))
    assert len(doors) > 230
    assert any(door.pattern.startswith("x/") for door in doors), "plugins have doors, too"


@pytest.mark.parametrize("role", ROLES)
def test_nothing_leaks_and_nothing_breaks(known, doors, role):
    world, visit = known
    values = values_for(world, role)
    fields = fields_for(world, values)
    wrong, opened = [], set()
    for door in doors:
        path = door.path(values)
        answer = called(door, path, fields, visit, role)
        told = leaks(world, role, answer)
        if told or broke(answer, path):
            wrong.append((door.method, path, answer.status_int, told))
        if answer.status_int < 300:
            opened.add(door.name)
    assert wrong == [], "\n".join(map(str, wrong))
    least = {"nobody": 10, "closed": 10, "guest": 45, "member": 58, "admin": 72, "root": 43}.get(role, 28)
    assert len(opened) >= least, sorted(opened)


@pytest.mark.parametrize("role", ["stranger", "member", "admin"])
def test_discarded_closed_and_archived_records_break_nothing_and_are_not_shown(known, doors, role):
    world, visit = known
    wrong = []
    states = [world.gone] + [{kind: world.good[name]} for name, kind in SEEN_BY_ADMINS.items() if name in world.good]
    states.append({"thread": world.gone["closed thread"]})
    for state in states:
        values = values_for(world, role) | state
        fields = fields_for(world, values)
        for door in doors:
            kinds = {KINDS.get(part) for part in door.parts}
            if not kinds & state.keys():
                continue
            path = door.path(values)
            answer = called(door, path, fields, visit, role)
            told = leaks(world, role, answer)
            if told or broke(answer, path):
                wrong.append((door.method, path, answer.status_int, told))
    assert wrong == [], "\n".join(map(str, wrong))


def test_garbled_names_are_answered_with_words(known, doors):
    """As the one who comes furthest: the group's admin. Each part of each address by itself, the others good; each kind of name with
    each garbage, spread over the doors that ask for one."""
    world, visit = known
    values, wrong, tried = values_for(world, "admin"), [], defaultdict(set)
    fields = fields_for(world, values)
    asked = Counter(KINDS[part] for door in doors for part in door.parts)
    turns: Counter[str] = Counter()
    for door in doors:
        for part in door.parts:
            kind = KINDS[part]
            step = min(asked[kind], 6)
            for garbage in GARBAGE[turns[kind] % step :: step]:
                path = door.path(values, instead={part[1]: garbage})
                answer = visit("admin", door.method, path, fields)
                tried[kind].add(garbage)
                if broke(answer, path):
                    wrong.append((door.method, path[:200], answer.status_int))
            turns[kind] += 1
    assert wrong == [], "\n".join(map(str, wrong))
    assert all(len(garbage) == len(GARBAGE) for garbage in tried.values()), tried


def test_garbled_fields_are_answered_with_words(known, doors):
    """Every field that a page reads, with each garbage, where no address names a record."""
    world, visit = known
    values, wrong = values_for(world, "admin"), []
    names = fields_for(world, values) | dict.fromkeys(
        ("page", "offset", "before", "since", "token", "poll_option_id", "state", "sort"), "1"
    )
    for turn, door in enumerate(doors):
        for garbage in GARBAGE[turn % 6 :: 6]:
            path = door.path(values)
            fields = dict.fromkeys(names, garbage)
            answer = (
                visit("admin", "GET", f"{path}?{urlencode(fields)}")
                if door.method == "GET"
                else visit("admin", door.method, path, fields)
            )
            if broke(answer, path):
                wrong.append((door.method, path[:200], garbage[:20], answer.status_int))
    assert wrong == [], "\n".join(map(str, wrong))


@pytest.mark.parametrize("role", ["nobody", "stranger"])
def test_what_is_secret_is_answered_like_what_does_not_exist(known, doors, role):
    world, visit = known
    values = values_for(world, role)
    fields, told_apart = fields_for(world, values), []
    for door in doors:
        there = door.path(values)
        hidden = [
            (name, kind)
            for before, name in door.parts
            if not (kind := KINDS[before, name]).startswith("=") and kind not in OPEN_KINDS
        ]
        first = called(door, there, fields, visit, role) if hidden else None
        for name, kind in hidden:
            chosen = dict(door.words) | {
                "type": "comment" if door.name == "reactions.react" else dict(door.words).get("type", "")
            }
            away = door.path(values, instead={name: _absent(filled(kind, values, chosen))})
            second = called(door, away, fields, visit, role)
            if (first.status_int, _same(first, there)) != (second.status_int, _same(second, away)):
                told_apart.append((door.method, there, first.status, second.status))
    assert told_apart == [], "\n".join(map(str, told_apart))


def _absent(value: Any) -> str:
    """A name of the same shape that nothing has."""
    text = str(value)
    return "900000001"[: max(len(text), 9)] if text.isdecimal() else "zz" + text[2:][::-1].lower()


def _same(answer: webob.Response, path: str) -> str:
    """What an answer says, without what every answer has anew and without the address that was asked for."""
    text = CHANGES.sub("", answer.body.decode("utf-8", "replace")) + answer.headers.get("Location", "")
    for shape in (path, quote(path, safe=""), quote(quote(path, safe=""), safe=""), quote(path)):
        text = text.replace(shape, "PATH")
    return text


def test_other_methods_are_refused(known, doors):
    """Each address is asked in two of the four ways, and each way at every second address."""
    world, visit = known
    values, wrong = values_for(world, "admin"), []
    have = defaultdict(set)
    for door in doors:
        have[door.path(values)].add(door.method)
    pairs = (("PUT", "PATCH"), ("DELETE", "OPTIONS"))
    for turn, (path, known_there) in enumerate(have.items()):
        for method in set(pairs[turn % 2]) - known_there:
            answer = visit("admin", method, path)
            if answer.status_int not in (400, 404, 405):
                wrong.append((method, path, answer.status_int))
            allowed = set(answer.allow or ())
            if answer.status_int == 405 and (method in allowed or not allows(known_there) <= allowed):
                wrong.append((method, path, "Allow", allowed))
    assert wrong == [], "\n".join(map(str, wrong))


def allows(methods: set[str]) -> set[str]:
    """What is allowed where these are: who may GET may ask for the head alone."""
    return methods | ({"HEAD"} if "GET" in methods else set())
