"""Routing: which mail goes where, in the reference's order; what cannot be routed waits, bounces or is dropped."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from llmio.accounts import queries as accounts
from llmio.accounts.models import User
from llmio.core.errors import Invalid, NotAllowed, NotFound, SignInNeeded
from llmio.core.events import Audience
from llmio.groups import queries as groups
from llmio.groups.models import ForwardEmailRule, Group, MemberEmailAlias
from llmio.mail import suppression
from llmio.mail.addresses import from_address, host_of
from llmio.mail.incoming import acts, bouncing, failures, kinds
from llmio.mail.incoming.addresses import Answer, Handle, Personal, Route, hosts_of, is_ours, route_of
from llmio.mail.incoming.automatic import is_automatic
from llmio.mail.incoming.letter import Letter, addresses_in
from llmio.mail.incoming.trust import Checks
from llmio.mail.models import ReceivedEmail
from llmio.mail.sent import Cause

if TYPE_CHECKING:
    from llmio.core.context import Context

log = logging.getLogger(__name__)
MOST_HEADERS, LONGEST_HEADER = 100, 4000
LONGEST_BODY = 1 << 20
REFUSALS = (Invalid, NotAllowed, NotFound, SignInNeeded)


@dataclass(frozen=True)
class Verdict:
    """What became of a mail, in a word (`posted`, `waiting`, `forward`, `bounced`, `dropped`) and why."""

    what: str
    why: str = ""
    received: ReceivedEmail | None = None
    forward_to: str = ""


@dataclass
class Case:
    """One mail being routed. `row` is given for one that was stored before (an adopted database)."""

    ctx: Context
    letter: Letter
    checks: Checks
    recipients: Sequence[str] = ()
    row: ReceivedEmail | None = None

    @property
    def sender(self) -> str:
        """The address of the sender, in lower case."""
        return self.letter.sender[1]


def route(case: Case) -> Verdict:
    """Bring a mail to its place. The order is the reference's, but that a mail which names a place of ours beside the
    notifications address goes to that place.
    """
    settings = case.ctx.app.settings
    if case.row is not None and case.row.released:
        return Verdict("dropped", "released already")
    if not case.sender:
        return Verdict("dropped", "no sender")
    hosts = hosts_of(settings)
    everybody = [*case.recipients, *case.letter.recipients]
    ours = list(dict.fromkeys(one for one in everybody if is_ours(one, hosts)))
    notifications = from_address(settings).lower()
    places = [one for one in ours if one.lower() != notifications]
    if case.sender == settings.text("mail.complaints").lower():
        return _complaint(case)
    if case.letter.report:
        return _report(case)
    if is_automatic(case.letter, starts=bool(places) and isinstance(_place(places[0]), (Personal, Handle))):
        return Verdict("dropped", "automatic")
    if case.sender == notifications or is_ours(case.sender, {*hosts, host_of(settings).lower()} if hosts else hosts):
        return Verdict("dropped", "from us")
    if not places:
        to_us = any(one.lower() == notifications for one in everybody)
        return _bounce(case, "notifications") if to_us else Verdict("dropped", "not to us")
    return _to_place(case, places[0])


def _place(address: str) -> Route | None:
    return route_of(address.rpartition("@")[0])


def _to_place(case: Case, address: str) -> Verdict:
    found = _place(address)
    if isinstance(found, Answer):
        return _answer(case, found)
    if isinstance(found, Personal):
        return _personal(case, found)
    if isinstance(found, Handle):
        return _handle(case, found)
    return Verdict("dropped", "no such place")


# -- with a key ----------------------------------------------------------------------------------------------------------


def key_holder(ctx: Context, user_id: int, key: str) -> User | None:
    """The person whose key this is, with an open account."""
    user = ctx.db.get(User, user_id)
    if user is None or user.deactivated_at is not None or not user.email_api_key:
        return None
    return user if secrets.compare_digest(user.email_api_key.encode(), key.encode()) else None


def _answer(case: Case, found: Answer) -> Verdict:
    user = key_holder(case.ctx, found.user_id, found.key)
    if user is None:
        return Verdict("dropped", "wrong key")
    mark = case.ctx.tm.savepoint()
    try:
        comment = acts.comment(case.ctx, user, found, case.letter)
    except REFUSALS as error:
        mark.rollback()
        return _bounce(case, "refused", str(error))
    thread = comment.discussion
    return Verdict("posted", "comment", keep(case, group_id=thread.group_id if thread else None, released=True))


def _personal(case: Case, found: Personal) -> Verdict:
    settings, switch = case.ctx.app.settings, "features.disable_thread_from_mail"
    group = groups.by_handle(case.ctx, found.handle)
    if settings.on(switch, group.id, group.parent_id) if group else settings.on(switch):
        return Verdict("dropped", "threads by mail are switched off")
    user = key_holder(case.ctx, found.user_id, found.key)
    if user is None or group is None:
        return Verdict("dropped", "wrong key or group")
    return start_thread(case, user, group)


def start_thread(case: Case, user: User, group: Group) -> Verdict:
    """A thread by this person; a bounce where they may not."""
    mark = case.ctx.tm.savepoint()
    try:
        acts.thread(case.ctx, user, group, case.letter)
    except REFUSALS as error:
        mark.rollback()
        return _bounce(case, "refused", str(error))
    return Verdict("posted", "thread", keep(case, group_id=group.id, released=True))


# -- to a handle ---------------------------------------------------------------------------------------------------------


def _handle(case: Case, found: Handle) -> Verdict:
    rule = case.ctx.db.scalars(select(ForwardEmailRule).where(ForwardEmailRule.handle == found.handle)).first()
    if rule is not None:
        return (
            Verdict("forward", found.handle, forward_to=rule.email) if rule.email else Verdict("dropped", "no address")
        )
    group = groups.by_handle(case.ctx, found.handle)
    if group is None:
        return Verdict("dropped", "no such group")
    alias = alias_of(case, group)
    if alias is not None and alias.user_id is None:
        return Verdict("dropped", "blocked")
    user = _sender_in(case, group, alias)
    return start_thread(case, user, group) if user is not None else _wait(case, group)


def alias_of(case: Case, group: Group) -> MemberEmailAlias | None:
    """What an admin of the group said about this sender; the newest word counts."""
    query = select(MemberEmailAlias).where(MemberEmailAlias.group_id == group.id, MemberEmailAlias.email == case.sender)
    return case.ctx.db.scalars(query.order_by(MemberEmailAlias.id.desc())).first()


def _sender_in(case: Case, group: Group, alias: MemberEmailAlias | None) -> User | None:
    """The member who writes; None where nobody can tell."""
    if not case.checks.believed:
        return None
    if alias is not None:
        held = (not alias.require_spf or case.checks.spf == "pass") and (
            not alias.require_dkim or case.checks.dkim == "pass"
        )
        member = groups.membership_of(case.ctx, group.id, alias.user_id) if held else None
        user = member.user if member and member.accepted_at else None
    else:
        query = groups.accepted(group.id).where(User.email == case.sender, User.email_verified.is_(True))
        found = case.ctx.db.scalars(query).first()
        user = found.user if found else None
    return user if user is not None and user.deactivated_at is None else None


def _wait(case: Case, group: Group) -> Verdict:
    """Keep it for an admin of the group, and tell them."""
    row = keep(case, group_id=group.id, released=False)
    admins = groups.admin_ids(case.ctx, group.id)
    case.ctx.publish(kinds.UNKNOWN_SENDER, row, audience=Audience(admins))
    return Verdict("waiting", "unknown sender", row)


# -- the rest ------------------------------------------------------------------------------------------------------------


def _complaint(case: Case) -> Verdict:
    """Somebody called a mail of ours spam: whoever the report names gets no more."""
    if not case.checks.believed:
        return Verdict("dropped", "complaint that may be forged")
    addresses = bouncing.complained_about(case.letter)
    ours = from_address(case.ctx.app.settings).lower()
    named = {address for _name, address in addresses_in(addresses)} - {ours, case.sender}
    for address in sorted(named):
        user = accounts.by_email(case.ctx.db, address)
        if user is None:
            suppression.suppress(case.ctx.db, address, Cause.COMPLAINT, "reported", case.ctx.now)
        else:
            user.complaints_count = (user.complaints_count or 0) + 1
    return Verdict("dropped", "complaint")


def _report(case: Case) -> Verdict:
    """A mail of ours did not arrive."""
    return Verdict("dropped", "delivery report" if failures.take(case.ctx, case.letter) else "automatic")


def _bounce(case: Case, reason: str, words: str = "") -> Verdict:
    """Tell the sender, if it is them, and not more than once an hour."""
    if case.checks.believed and bouncing.may_tell(case.ctx, case.sender):
        bouncing.tell(case.ctx, case.letter, reason, words)
    return Verdict("bounced", reason)


def keep(case: Case, *, group_id: int | None, released: bool) -> ReceivedEmail:
    """The row of a mail that came to a place; of a stored one, the row it has."""
    row = case.row
    if row is None:
        letter = case.letter
        headers = {name: _bare(value)[:LONGEST_HEADER] for name, value in list(letter.headers.items())[:MOST_HEADERS]}
        row = ReceivedEmail(headers=headers, body_text=_bare(letter.text)[:LONGEST_BODY], created_at=case.ctx.now)
        row.body_html = _bare(letter.html)[:LONGEST_BODY] or None
        row.spf_valid, row.dkim_valid = case.checks.spf == "pass", case.checks.dkim == "pass"
        case.ctx.db.add(row)
    row.group_id, row.released = group_id, released
    case.ctx.db.flush()
    return row


def _bare(text: str) -> str:
    return text.replace("\0", "")
