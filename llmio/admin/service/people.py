"""People as administrators see them: found, looked at, made administrators, closed, signed out, let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.orm import contains_eager

from llmio.accounts import queries, service
from llmio.accounts.models import User
from llmio.core import audit
from llmio.core.errors import Conflict, Invalid, NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.discussions.models import Discussion
from llmio.groups.models import Group, Membership
from llmio.polls.models import Poll, Stance

if TYPE_CHECKING:
    from llmio.accounts.sessions import UserSession
    from llmio.core.context import Context

PAGE = 50
MAIL_LINK = "admin.mail_link"
OPEN = User.deactivated_at.is_(None)


class Filter(StrEnum):
    """Which people."""

    ALL = "all"
    ADMINS = "administrators"
    UNVERIFIED = "unverified"
    CLOSED = "deactivated"


CONDITIONS: Mapping[Filter, ColumnElement[bool]] = {
    Filter.ALL: true(),
    Filter.ADMINS: User.is_admin.is_(True),
    Filter.UNVERIFIED: OPEN & User.email_verified.is_(False) & User.bot.is_(False),
    Filter.CLOSED: User.deactivated_at.is_not(None),
}


@dataclass(frozen=True)
class Page:
    """Some people of a longer list; `counts` says how many each filter would show."""

    rows: Sequence[User]
    counts: Mapping[Filter, int]
    total: int
    page: int = 1

    @property
    def more(self) -> bool:
        """Whether further ones follow."""
        return self.page * PAGE < self.total


@dataclass(frozen=True)
class Person:
    """One person with what belongs to them."""

    user: User
    memberships: Sequence[Membership]
    browsers: Sequence[UserSession]
    threads: int
    polls: int
    votes: int


def find(ctx: Context, *, words: str = "", which: Filter = Filter.ALL, page: int = 1) -> Page:
    """People by name, user name or address, the newest first; two queries."""
    ctx.require(Permission.ADMIN)
    matches = _matching(words)
    counted = select(*(func.count().filter(condition) for condition in CONDITIONS.values())).where(matches)
    counts = dict(zip(CONDITIONS, ctx.db.execute(counted).one(), strict=True))
    query = select(User).where(matches, CONDITIONS[which]).order_by(User.id.desc())
    rows = ctx.db.scalars(query.limit(PAGE).offset((page - 1) * PAGE)).all()
    return Page(rows, counts, counts[which], page)


def get(ctx: Context, user_id: int) -> User:
    """The person of an id; NotFound where there is none."""
    ctx.require(Permission.ADMIN)
    found = ctx.db.get(User, user_id) if user_id < 2**31 else None
    if found is None:
        raise NotFound(_("There is nobody with this number."))
    return found


def show(ctx: Context, user: User) -> Person:
    """What is known of a person; four queries."""
    ctx.require(Permission.ADMIN)
    belongs = (
        select(Membership)
        .join(Membership.group)
        .options(contains_eager(Membership.group))
        .where(Membership.user_id == user.id, Membership.revoked_at.is_(None))
        .order_by(func.lower(Group.name), Group.id)
    )
    counts = select(
        select(func.count())
        .where(Discussion.author_id == user.id, Discussion.discarded_at.is_(None))
        .scalar_subquery(),
        select(func.count()).where(Poll.author_id == user.id, Poll.discarded_at.is_(None)).scalar_subquery(),
        select(func.count())
        .where(Stance.participant_id == user.id, Stance.latest.is_(True), Stance.cast_at.is_not(None))
        .scalar_subquery(),
    )
    return Person(
        user,
        ctx.db.scalars(belongs).all(),
        queries.open_sessions(ctx.db, user.id, ctx.now),
        *ctx.db.execute(counts).one(),
    )


def set_admin(ctx: Context, user: User, *, on: bool) -> User:
    """Make somebody an administrator of the site, or an ordinary person; one administrator always stays."""
    ctx.require(Permission.ADMIN)
    if on and (user.deactivated_at is not None or user.bot):
        raise Invalid(_("A closed account cannot be an administrator. Open it again first."))
    if on and not user.email_verified:
        raise Invalid(_("This person has not confirmed the address yet. Send a sign-in link first."))
    if not on:
        service.keep_an_admin(ctx, user)
    user.is_admin = on
    ctx.changed(user)
    audit.note(ctx, "user.make_admin" if on else "user.remove_admin", user)
    return user


def deactivate(ctx: Context, user: User) -> User:
    """Close somebody's account; only an administrator opens it again."""
    ctx.require(Permission.ADMIN)
    if user.deactivated_at is not None:
        raise Conflict(_("This account is closed already."))
    audit.note(ctx, "user.deactivate", user)
    return service.deactivate(ctx, user)


def reactivate(ctx: Context, user: User) -> User:
    """Open a closed account again."""
    ctx.require(Permission.ADMIN)
    if user.deactivated_at is None:
        raise Conflict(_("This account is open already."))
    audit.note(ctx, "user.reactivate", user)
    return service.reactivate(ctx, user)


def sign_out(ctx: Context, user: User) -> User:
    """Sign somebody out of every browser; links that were mailed no longer work."""
    ctx.require(Permission.ADMIN)
    audit.note(ctx, "user.sign_out", user)
    return service.sign_out_everywhere(ctx, user)


def send_link(ctx: Context, user: User) -> User:
    """Mail somebody a link that signs them in once."""
    ctx.require(Permission.ADMIN)
    service.require_email_login(ctx)
    if not user.email or not service.may_come(user):
        raise Invalid(_("This account is closed. Open it again first."))
    token = service.new_login_token(ctx, user)
    audit.note(ctx, "user.send_link", user)
    ctx.enqueue(ctx.app.jobs[MAIL_LINK], token.id, ctx.signed_in().name)
    return user


def _matching(words: str) -> ColumnElement[bool]:
    """Each word is somewhere in name, user name or address."""
    text = func.lower(func.concat_ws(" ", User.name, User.username, User.email))
    return and_(true(), *(text.contains(word.lower().lstrip("@"), autoescape=True) for word in words.split()))
