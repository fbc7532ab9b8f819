"""One world for the matrix of doors: a secret group, its records, who is near it and who is not, and the words nobody else may read.

Each secret is a word of its own, so that an answer that holds one says which record it came from.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from llmio.accounts.models import LoginToken, User
from llmio.core.tables import Event, Version
from llmio.core.work import LongWork
from llmio.discussions.models import Discussion
from llmio.files import service as files
from llmio.files import signing
from llmio.files.models import Attachment
from llmio.groups.models import MemberEmailAlias, MembershipRequest, Tag
from llmio.integrations.models import Chatbot
from llmio.mail.models import ReceivedEmail
from llmio.notifications.models import Notification, PersonWay
from llmio.tasks.models import Task, TasksUser
from tests import factories as make

FOUND_BY = "zebra"
"""In every secret text: what a search must not find."""
MEMBERS = frozenset({"member", "admin"})
THREAD = MEMBERS | {"guest"}
LISTED = MEMBERS | {"root"}
ROLES = ("nobody", "stranger", "other", "former", "closed", "guest", "member", "admin", "root")
"""`stranger`: signed in, of no group; `other`: admin of another group; `former`: was a member; `closed`: a session of a
deactivated account; `guest`: of one thread; `root`: administrator of the site, in no group."""


@dataclass
class World:
    """Who there is, what there is, and what is secret."""

    people: dict[str, User] = field(default_factory=dict)
    good: dict[str, Any] = field(default_factory=dict)
    """Kind of place in an address → what names the secret group's record."""
    gone: dict[str, Any] = field(default_factory=dict)
    """The same, discarded, closed or archived."""
    secrets: dict[str, frozenset[str]] = field(default_factory=dict)
    """Word → the roles that may read it."""

    def secret(self, name: str, may: frozenset[str] = MEMBERS) -> str:
        """A word that only these roles may read."""
        word = f"Xq{name}qX"
        self.secrets[word] = may
        return word

    def text(self, name: str, may: frozenset[str] = MEMBERS) -> str:
        """A text with such a word, which a search would find."""
        return f"{FOUND_BY} {self.secret(name, may)}"


def build(db: Any, context_of: Any) -> World:
    """Make it. `context_of(user)` gives a Context with that actor."""
    world = World()
    _people(db, world)
    group = _groups(db, world)
    _threads(db, world, group)
    _polls(db, world, group)
    _around(db, world, group)
    _files(db, world, context_of)
    db.flush()
    return world


def _address(world: World, name: str, may: frozenset[str]) -> str:
    return f"{world.secret(name, may)}@example.org"


def _people(db: Any, world: World) -> None:
    own = {"stranger": "Sam", "other": "Oli", "former": "Rex", "closed": "Dea", "guest": "Gil", "member": "Mel"}
    for role, name in own.items():
        may = frozenset({role, "root"}) | ({"admin"} if role in ("guest", "member") else set())  # they ask them in
        token = world.secret(f"unsubscribe{role}", frozenset({role}))
        world.people[role] = make.user(db, name, email=_address(world, f"mail{role}", may), unsubscribe_token=token)
    world.people["admin"] = make.user(db, "Ada", email=_address(world, "mailadmin", frozenset({"admin", "root"})))
    world.people["root"] = make.admin_of_site(db, name="Root")
    ada = world.people["admin"]
    ada.secret_token, ada.email_api_key = (
        world.secret("token", frozenset({"admin"})),
        world.secret("apikey", frozenset({"admin"})),
    )
    world.people["closed"].deactivated_at = make.now()


def _groups(db: Any, world: World) -> Any:
    people, hidden = world.people, {"is_visible_to_public": False, "membership_granted_upon": "invitation"}
    group = make.group(
        db, world.text("groupname", LISTED | {"guest"}), admin=people["admin"], members=[people["member"]],
        description=world.text("groupabout", LISTED), token=world.secret("joinlink", frozenset({"admin"})),
        handle=world.secret("handle", LISTED | {"guest"}).lower(), **hidden,
    )  # fmt: skip
    world.secrets[group.handle] = LISTED | {"guest"}
    make.membership(db, group, people["former"], revoked_at=make.now(), title=world.text("formertitle"))
    make.membership(db, group, people["closed"])
    mel = make.membership(db, group, make.user(db, "Nat"), title=world.text("title"))
    other = make.group(db, "Other", admin=people["other"], **hidden)
    make.group(db, "Open", is_visible_to_public=True, discussion_privacy_options="public_only")
    archived = make.group(
        db, world.text("archived", frozenset({"root"})), admin=people["admin"], members=[people["member"]],
        archived_at=make.now(), **hidden,
    )  # fmt: skip
    invited = make.user(db, email=_address(world, "mailinvited", frozenset({"admin", "root"})), email_verified=False)
    pending = make.invitation(db, group, invited, inviter=people["admin"])
    pending.token = world.secret("invitation", frozenset())
    world.good |= {
        "group": group.key, "group id": group.id, "handle": group.handle, "join link": "no-such-link", "membership": mel.id,
        "invitation": "no-such-invitation", "other group id": other.id,
    }  # fmt: skip
    world.gone |= {"group": archived.key, "group id": archived.id, "handle": archived.handle, "membership": pending.id}
    return group


def _tasks(db: Any, world: World, comment: Any) -> tuple[Task, Task]:
    """One of the member's, and one that was dropped."""
    people, member = world.people, frozenset({"member"})
    made = []
    for uid, words, dropped in ((1, "task", None), (2, "droppedtask", make.now())):
        task = Task(record_type="Comment", record_id=comment.id, author_id=people["admin"].id, uid=uid, done=False,
                    name=world.text(words, member if dropped is None else frozenset()), discarded_at=dropped)  # fmt: skip
        make.add(db, task)
        make.add(db, TasksUser(task_id=task.id, user_id=people["member"].id))
        made.append(task)
    return made[0], made[1]


def _threads(db: Any, world: World, group: Any) -> None:
    people = world.people
    thread = make.discussion(
        db, group, title=world.text("thread", THREAD), description=world.text("context", THREAD), tags=["Oven"]
    )
    place = make.reader(db, thread, people["guest"], guest=True, inviter_id=people["admin"].id)
    comment = make.comment(db, thread, author=people["member"], body=world.text("comment", THREAD))
    away = make.comment(
        db, thread, author=people["admin"], body=world.text("discarded", frozenset({"admin"})), discarded_at=make.now()
    )
    make.reaction(db, comment, user=people["admin"])
    more = make.discussion(db, group, title=world.text("second"), description=world.text("secondabout"))
    make.comment(db, more, author=people["member"], body=world.text("secondcomment"))
    closed = make.discussion(db, group, title=world.text("closed"), closed_at=make.now())
    gone = make.discussion(db, group, title=world.text("dropped", frozenset({"admin"})), discarded_at=make.now())
    event = db.scalars(select(Event).where(Event.eventable_type == "Comment", Event.eventable_id == comment.id)).one()
    db.add(Version(item_type="Comment", item_id=comment.id, event="update", whodunnit=people["member"].id,
                   object_changes={"body": [world.text("before", THREAD), comment.body]}))  # fmt: skip
    notice = Notification(user_id=people["member"].id, event_id=event.id, actor_id=people["admin"].id,
                          url=f"/d/{thread.key}", translation_values={"title": world.text("notice", frozenset({"member"})), "name": "Ada"})  # fmt: skip
    make.add(db, notice)
    task, dropped = _tasks(db, world, comment)
    world.good |= {
        "thread": thread.key, "thread id": thread.id, "comment": comment.id, "reader": place.id, "event": event.id, "task": task.id,
        "sequence": 1, "notice": notice.id, "Discussion": thread.id, "Comment": comment.id,
    }  # fmt: skip
    world.gone |= {
        "thread": gone.key,
        "thread id": gone.id,
        "comment": away.id,
        "task": dropped.id,
        "closed thread": closed.key,
    }
    assert isinstance(thread, Discussion)


def _polls(db: Any, world: World, group: Any) -> None:
    people = world.people
    thread = db.get(Discussion, world.good["thread id"])
    poll = make.poll(db, discussion=thread, title=world.text("poll", THREAD), details=world.text("details", THREAD))
    vote = make.stance(db, poll, people["member"], choices={"agree": 1}, reason=world.text("reason", THREAD))
    over = make.poll(
        db, group=group, title=world.text("over"), closed_at=make.now(), closing_at=make.now() - timedelta(days=1)
    )
    outcome = make.outcome(db, over, statement=world.text("outcome"))
    blind = make.poll(db, group=group, title=world.text("blind"), hide_results=2, voters=[people["member"]])
    make.stance(db, blind, people["admin"], choices={"agree": 1}, reason=world.text("hidden", frozenset({"admin"})))
    away = make.poll(db, group=group, title=world.text("droppedpoll", frozenset({"admin"})), discarded_at=make.now())
    world.good |= {"poll": poll.key, "poll id": poll.id, "stance": vote.id, "outcome": outcome.id, "Stance": vote.id,
                   "Outcome": outcome.id, "Poll": poll.id, "closed poll": over.key, "blind poll": blind.key}  # fmt: skip
    world.gone |= {"poll": away.key, "poll id": away.id, "closed poll": over.key}


def _around(db: Any, world: World, group: Any) -> None:
    people, only_admin = world.people, frozenset({"admin"})
    asked = MembershipRequest(
        group_id=group.id, requestor_id=make.user(db).id, introduction=world.text("asks", only_admin)
    )
    mail = ReceivedEmail(
        group_id=group.id, body_text=world.text("waiting", only_admin), created_at=make.now(),
        headers={"From": f"{world.secret('sender', only_admin)}@mail.example", "Subject": world.text("subject", only_admin)},
    )  # fmt: skip
    alias = MemberEmailAlias(group_id=group.id, user_id=people["member"].id, author_id=people["admin"].id,
                             email=_address(world, "alias", only_admin | {"member"}))  # fmt: skip
    bot = Chatbot(
        group_id=group.id, author_id=people["admin"].id, kind="webhook", name=world.text("bot", only_admin), webhook_kind="slack",
        server=f"https://chat.example/{world.secret('hook', only_admin)}", access_token=world.secret("bottoken", only_admin), event_kinds=["new_discussion"],
    )  # fmt: skip
    tag = Tag(group_id=group.id, name=world.secret("tag"), color="#123456")
    login = LoginToken(
        user_id=people["admin"].id, token=world.secret("login", frozenset()), code=123456, created_at=make.now()
    )
    work = LongWork(kind="test", title=world.text("work", frozenset({"member", "root"})), user_id=people["member"].id,
                    created_at=make.now(), updated_at=make.now())  # fmt: skip
    way = PersonWay(user_id=people["member"].id, notifier="pager", values={"number": world.secret("pager", frozenset({"member"}))},
                    created_at=make.now())  # fmt: skip
    for row in (asked, mail, alias, bot, tag, login, work, way):
        make.add(db, row)
    world.good |= {
        "request": asked.id, "mail": mail.id, "alias": alias.id, "bot": bot.id, "delivery": 1, "tag": tag.id, "work": work.id,
        "person": people["admin"].username, "person id": people["admin"].id, "plugin": "poll_count",
    }  # fmt: skip
    world.gone |= {"person": people["closed"].username, "person id": people["closed"].id}


def _files(db: Any, world: World, context_of: Any) -> None:
    content = world.text("file", THREAD).encode()
    ctx = context_of(world.people["member"])
    blob = files.store(ctx, filename=f"{world.secret('filename', THREAD)}.txt", stream=io.BytesIO(content))
    db.add(Attachment(name="files", record_type="Comment", record_id=world.good["comment"], blob_id=blob.id,
                      group_id=world.good["group id"], created_at=make.now()))  # fmt: skip
    world.good |= {"file": blob.id, "filename": blob.filename}
    world.gone["file"] = f"{blob.id}-{'0' * len(signing.signed_id(ctx, blob.id).partition('-')[2])}"
