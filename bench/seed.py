"""What is measured: a group of 200, threads of 100 and 1,000 comments, a poll of 200 votes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from webob.cookies import JSONSerializer, SignedSerializer

from llmio.accounts import service as accounts
from llmio.accounts import sessions
from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core.context import Context
from llmio.discussions import service as discussions
from llmio.groups import membership
from llmio.groups import service as groups
from llmio.groups.forms import GroupForm
from llmio.plugins import Ballot
from llmio.polls import service as polls
from llmio.polls.values import OptionInput, PollInput

PEOPLE = 200
SECRET = "bench-secret-of-at-least-thirty-two-characters"
CSRF = "bench-token"
TEXT = (
    "I have thought about this for a while. **The used oven** is the better buy, because it lasts ten years and the loan stays "
    "small.\n\n- It fits through the door.\n- João knows the type.\n\nSee [the list](https://example.org/ovens) for the others."
)


@dataclass(frozen=True)
class Ask:
    """A page, or (with a form) a write."""

    name: str
    path: str
    form: dict[str, str] = field(default_factory=dict)


@dataclass
class World:
    """Cookies of the people, and what to ask for."""

    cookies: list[str] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)


def cookie(session_id: str) -> str:
    """The signed cookie of a session."""
    signer = SignedSerializer(SECRET, "pyramid.session.", "sha512", serializer=JSONSerializer())
    now = time.time()
    value = signer.dumps((now, now, {"sid": session_id, "_csrft_": CSRF}))
    return f"llmio_session={value.decode()}"


def a_person(app: Any) -> str:
    """The cookie of somebody."""
    with app.begin() as ctx:
        person = _person(ctx, 0)
        ctx.db.flush()
        return cookie(sessions.open_session(ctx, person).id)


def fill(app: Any) -> World:
    """Make it, by the same acts that people use; nobody is told."""
    telling, app.event_jobs, watching, app.observers = app.event_jobs, [], app.observers, {}
    world = World()
    try:
        with app.begin() as ctx:
            people = [_person(ctx, number) for number in range(PEOPLE)]
            ctx.db.flush()
            world.cookies = [cookie(sessions.open_session(ctx, one).id) for one in people]
            world.asks = _asks(ctx, people)
    finally:
        app.event_jobs, app.observers = telling, watching
    with app.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("DELETE FROM llmio.outbox")
        connection.exec_driver_sql("VACUUM ANALYZE")
    return world


def _person(ctx: Context, number: int) -> User:
    user = accounts.find_or_invite(ctx, f"person{number}@example.org")
    return accounts.complete(ctx, user, name=f"Person Number{number}")


def _as(ctx: Context, user: User) -> Context:
    return Context(ctx.app, ctx.db, ctx.tm, identity_of(user), ctx.now)


def _asks(ctx: Context, people: list[User]) -> list[Ask]:
    first = _as(ctx, people[0])
    first.actor = identity_of(people[0])
    group = groups.create_group(first, GroupForm(name="Large cooperative", handle="large"))
    for row in membership.invite_users(_as(ctx, people[0]), group, people[1:]):
        membership.accept(_as(ctx, row.user), row)
    threads = {}
    for size in (100, 1000):
        thread = discussions.start_discussion(_as(ctx, people[0]), group, title=f"A thread of {size}", description=TEXT)
        for number in range(size):
            discussions.add_comment(_as(ctx, people[number % PEOPLE]), thread, body=f"{TEXT}\n\n{number}")
        threads[size] = thread
    values = PollInput(
        "Which oven?", options=[OptionInput("Repair"), OptionInput("Used"), OptionInput("New")],
        settings={"minimum_stance_choices": 1, "maximum_stance_choices": 1},
        closing_at=ctx.now.replace(year=ctx.now.year + 1),
    )  # fmt: skip
    poll = polls.create_poll(_as(ctx, people[0]), poll_type="poll", values=values, group=group)
    options = [option.id for option in poll.options]
    for number, user in enumerate(people):
        polls.cast_vote(_as(ctx, user), poll, ballot=Ballot({options[number % 3]: 1}), reason="Because it lasts.")
    quiet = discussions.start_discussion(_as(ctx, people[0]), group, title="A thread for comments", description=TEXT)
    return [
        Ask("trivial view", "/up"),
        Ask("dashboard", "/dashboard"),
        Ask("group", f"/g/{group.key}"),
        Ask("thread of 100", f"/d/{threads[100].key}/a-thread-of-100"),
        Ask("thread of 1,000", f"/d/{threads[1000].key}/a-thread-of-1000"),
        Ask("thread of 100, all", f"/d/{threads[100].key}/a-thread-of-100?all=1"),
        Ask("poll of 200 votes", f"/p/{poll.key}/which-oven"),
        Ask(
            "vote (write)",
            f"/p/{poll.key}/vote",
            {"option": str(options[0]), "reason": "Because it lasts.", "reason_format": "md"},
        ),
        Ask("comment (write)", f"/d/{quiet.key}/comments", {"body": TEXT, "body_format": "md"}),
    ]
