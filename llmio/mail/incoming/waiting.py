"""Mail from unknown senders, which an admin of the group allows, blocks or deletes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.orm import joinedload

from llmio.accounts.models import User
from llmio.core import audit
from llmio.core.errors import Invalid, NotFound
from llmio.core.forms import one_line, seen
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.files import storages
from llmio.files.models import Attachment, Blob
from llmio.groups import queries as groups
from llmio.groups.models import Group, MemberEmailAlias
from llmio.mail.incoming import acts, keeping, letter, mime
from llmio.mail.incoming.letter import File, Letter
from llmio.mail.incoming.models import IncomingMail
from llmio.mail.models import ReceivedEmail

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.discussions.models import Discussion

PAGE = 50
SPACE = 0x3A11
"""Of the locks under which admins of a group decide."""


@dataclass(frozen=True)
class Waiting:
    """A mail as the page shows it."""

    row: ReceivedEmail
    name: str
    address: str
    subject: str
    member: User | None = None
    """Who in the group has this address, though it was not proved, or they joined since."""

    @classmethod
    def of(cls, row: ReceivedEmail) -> Waiting:
        """A stored mail in this shape."""
        name, address = sender_of(row)
        return cls(row, seen(name), address, one_line(header(row, "subject")))

    @property
    def excerpt(self) -> str:
        """The beginning of its text."""
        return " ".join((self.row.body_text or "").split())[:300]


def sender_of(row: ReceivedEmail) -> tuple[str, str]:
    """(name, address) of a stored mail; headers of an adopted database begin with capitals."""
    return Letter({"from": header(row, "from")}).sender


def header(row: ReceivedEmail, name: str) -> str:
    """A header of a stored mail, whatever its case."""
    return next((value or "" for key, value in row.headers.items() if key.lower() == name), "")


def waiting(ctx: Context, group: Group, *, limit: int = PAGE) -> list[Waiting]:
    """Mails that wait, the newest first."""
    ctx.require(Permission.GROUP_UPDATE, group)
    query = select(ReceivedEmail).where(ReceivedEmail.group_id == group.id, ReceivedEmail.released.is_(False))
    found = [Waiting.of(row) for row in ctx.db.scalars(query.order_by(ReceivedEmail.id.desc()).limit(limit))]
    addresses = {one.address for one in found}
    if not addresses:
        return []
    known = groups.accepted(group.id).where(User.email.in_(addresses), User.email_verified.is_(True))
    members = {(one.user.email or "").lower(): one.user for one in ctx.db.scalars(known)}
    return [replace(one, member=members.get(one.address)) for one in found]


def aliases(ctx: Context, group: Group) -> Sequence[MemberEmailAlias]:
    """What was decided about senders before."""
    ctx.require(Permission.GROUP_UPDATE, group)
    query = select(MemberEmailAlias).options(joinedload(MemberEmailAlias.user))
    return ctx.db.scalars(
        query.where(MemberEmailAlias.group_id == group.id).order_by(MemberEmailAlias.email, MemberEmailAlias.id)
    ).all()


def present(ctx: Context, group: Group, aliases: Sequence[MemberEmailAlias]) -> set[int | None]:
    """Ids of the people of these addresses who are members still; mail for others waits."""
    ids = {one.user_id for one in aliases if one.user_id}
    return {one.user_id for one in ctx.db.scalars(groups.accepted(group.id).where(User.id.in_(ids)))} if ids else set()


def allow(ctx: Context, row: ReceivedEmail, *, user_id: int) -> Discussion:
    """Post the mail as a member's, and take this address for theirs from now on."""
    group = _group(ctx, row)
    member = groups.membership_of(ctx, group.id, user_id)
    if member is None or member.accepted_at is None or member.user.deactivated_at is not None:
        raise Invalid.at("user_id", _("Please choose a member of the group."))
    address = _address(row)
    _forget(ctx, group, address)
    audit.note(ctx, "mail.allow", row, group_id=group.id, user_id=user_id)
    ctx.db.add(
        MemberEmailAlias(
            email=address,
            user_id=user_id,
            group_id=group.id,
            author_id=ctx.signed_in().id,
            require_spf=row.spf_valid,
            require_dkim=row.dkim_valid,
            created_at=ctx.now,
        )
    )
    return release(ctx, row, group, member.user)


def release(ctx: Context, row: ReceivedEmail, group: Group, user: User) -> Discussion:
    """Make the thread of a mail that waited."""
    with letter_of(ctx, row) as read:
        thread = acts.thread(ctx, user, group, read)
    row.released = True
    row.updated_at = ctx.now
    _let_go(ctx, row)
    return thread


def block(ctx: Context, row: ReceivedEmail) -> str:
    """Take no more mail of this sender to this group; what waits of them goes. Returns the address."""
    group = _group(ctx, row)
    address = _address(row)
    _forget(ctx, group, address)
    author_id = ctx.signed_in().id
    audit.note(ctx, "mail.block", row, group_id=group.id)
    ctx.db.add(MemberEmailAlias(email=address, group_id=group.id, author_id=author_id, created_at=ctx.now))
    query = select(ReceivedEmail).where(ReceivedEmail.group_id == group.id, ReceivedEmail.released.is_(False))
    for one in ctx.db.scalars(query).all():
        if sender_of(one)[1] == address:
            _delete(ctx, one)
    return address


def discard(ctx: Context, row: ReceivedEmail) -> None:
    """Delete one mail; the next of its sender waits again."""
    group = _group(ctx, row)
    audit.note(ctx, "mail.delete", row, group_id=group.id)
    _delete(ctx, row)


def remove_alias(ctx: Context, alias: MemberEmailAlias) -> None:
    """Forget what was decided about a sender."""
    ctx.require(Permission.GROUP_UPDATE, alias.group)
    audit.note(ctx, "mail.forget_sender", alias, group_id=alias.group_id, user_id=alias.user_id)
    ctx.db.delete(alias)


def _group(ctx: Context, row: ReceivedEmail) -> Group:
    """The group of a mail that waits; admins who decide at the same time do so one after the other."""
    group = row.group
    if group is None:
        raise Invalid(_("This mail belongs to no group."))
    ctx.require(Permission.GROUP_UPDATE, group)
    ctx.db.execute(select(func.pg_advisory_xact_lock(SPACE, group.id)))
    if ctx.db.get(ReceivedEmail, row.id, populate_existing=True) is None:
        raise NotFound(_("There is no such mail."))
    if row.released:
        raise Invalid(_("This mail was posted already."))
    return group


def _address(row: ReceivedEmail) -> str:
    address = sender_of(row)[1]
    if not address:
        raise Invalid(_("This mail names no sender."))
    return address


def _forget(ctx: Context, group: Group, address: str) -> None:
    ctx.db.execute(
        delete(MemberEmailAlias).where(MemberEmailAlias.group_id == group.id, MemberEmailAlias.email == address)
    )


def _delete(ctx: Context, row: ReceivedEmail) -> None:
    _let_go(ctx, row)
    ctx.db.delete(row)
    ctx.db.flush()


def _let_go(ctx: Context, row: ReceivedEmail) -> None:
    for mail in ctx.db.scalars(select(IncomingMail).where(IncomingMail.received_email_id == row.id)).all():
        keeping.done(ctx, mail)
    ctx.db.execute(delete(Attachment).where(Attachment.record_type == "ReceivedEmail", Attachment.record_id == row.id))


@contextmanager
def letter_of(ctx: Context, row: ReceivedEmail) -> Iterator[Letter]:
    """A stored mail as it came: from its bytes where we have them, else from its row and files (adopted database)."""
    mail = ctx.db.scalars(select(IncomingMail).where(IncomingMail.received_email_id == row.id)).first()
    if mail is None:
        yield _from_row(ctx, row)
        return
    with keeping.open_mail(ctx, mail) as raw:
        taken = mime.take_apart(raw)
    try:
        yield letter.read(taken)
    finally:
        taken.close()


def _from_row(ctx: Context, row: ReceivedEmail) -> Letter:
    headers = {name.lower(): value or "" for name, value in row.headers.items()}
    query = select(Blob).join(Attachment, Attachment.blob_id == Blob.id)
    query = query.where(Attachment.record_type == "ReceivedEmail", Attachment.record_id == row.id)
    files = tuple(_file(ctx, blob) for blob in ctx.db.scalars(query.order_by(Attachment.id)))
    return Letter(headers, tuple(headers.items()), row.body_text or "", row.body_html or "", bool(row.body_text), files)


def _file(ctx: Context, blob: Blob) -> File:
    def opened() -> IO[bytes]:
        kept = keeping.spooled()
        for piece in storages.named(ctx.app, blob.service_name).open(blob.key):
            kept.write(piece)
        kept.seek(0)
        return kept

    return File(blob.filename, blob.content_type or "", "", blob.byte_size, opened)


def count(ctx: Context, group: Group) -> int:
    """How many mails wait."""
    query = select(func.count()).where(ReceivedEmail.group_id == group.id, ReceivedEmail.released.is_(False))
    return ctx.db.scalar(query) or 0
