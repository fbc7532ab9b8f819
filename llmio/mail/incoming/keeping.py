"""Mail taken in: into pieces in the database and a job, in one transaction; and read back from there."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from llmio.core.errors import Invalid
from llmio.core.i18n import _
from llmio.mail.incoming import letter, mime
from llmio.mail.incoming.models import IncomingMail, IncomingPiece
from llmio.mail.models import ActionMailboxInboundEmail

if TYPE_CHECKING:
    from llmio.core.context import Context
    from llmio.core.jobs import Job

PIECE = 1 << 18
IN_MEMORY = 1 << 20
PENDING, PROCESSING, DELIVERED, FAILED, BOUNCED = range(5)
"""Values of `action_mailbox_inbound_emails.status`, as the reference counts them."""


class TooLarge(Invalid):
    """More bytes than a mail may have."""

    status = 413


def spooled() -> IO[bytes]:
    """A temporary file that is on disk once it is large."""
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


def too_large(limit: int) -> TooLarge:
    """The refusal, with the limit in words."""
    return TooLarge(_("This mail is too large: at most {size} MB.", size=max(limit >> 20, 1)))


def spool(stream: IO[bytes], limit: int) -> IO[bytes]:
    """The bytes in a temporary file, ready to be read; TooLarge beyond the limit."""
    kept = spooled()
    size = 0
    while piece := stream.read(PIECE):
        size += len(piece)
        if size > limit:
            kept.close()
            raise too_large(limit)
        kept.write(piece)
    kept.seek(0)
    return kept


def take(
    ctx: Context,
    stream: IO[bytes],
    job: Job,
    *,
    door: str,
    recipients: Sequence[str] = (),
    checks: Mapping[str, Any] | None = None,
) -> IncomingMail | None:
    """Keep a mail (a file that can be read twice) and have it routed; None where the same message id came before.

    `recipients` are those of the envelope, where it is known, `checks` what is known of the sender (see `trust`).
    """
    checksum, size = _measure(stream)
    headers = mime.Taken(mime.read_headers(stream))
    found = dict(reversed(letter.headers_of(headers)))
    headers.close()
    stream.seek(0)
    message_id = letter.Letter(found).message_id or f"{checksum}@no-message-id"
    inbound_id = _claim(ctx, message_id, checksum)
    if inbound_id is None:
        return None
    mail = IncomingMail(
        inbound_email_id=inbound_id,
        door=door,
        recipients=[address for address in recipients if address.isprintable()],
        checks={
            name: value for name, value in (checks or {}).items() if not isinstance(value, str) or value.isprintable()
        },
        size=size,
        created_at=ctx.now,
    )
    ctx.db.add(mail)
    ctx.db.flush()
    number = 0
    while piece := stream.read(PIECE):
        ctx.db.execute(insert(IncomingPiece).values(mail_id=mail.id, number=number, bytes=piece))
        number += 1
    ctx.enqueue(job, mail.id)
    return mail


def _measure(stream: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha1(usedforsecurity=False), 0
    while piece := stream.read(PIECE):
        digest.update(piece)
        size += len(piece)
    stream.seek(0)
    return digest.hexdigest(), size


def _claim(ctx: Context, message_id: str, checksum: str) -> int | None:
    """The row of a message id that was not there yet.

    The reference's index is over id and checksum, and a mail that comes twice by different ways differs: so the id
    alone is looked up, under a lock of it.
    """
    number = int.from_bytes(hashlib.blake2b(message_id.encode(), digest_size=8).digest(), signed=True)
    ctx.db.execute(select(func.pg_advisory_xact_lock(number)))
    known = select(ActionMailboxInboundEmail.id).where(ActionMailboxInboundEmail.message_id == message_id).limit(1)
    if ctx.db.scalar(known) is not None:
        return None
    row = upsert(ActionMailboxInboundEmail).values(
        status=PENDING, message_id=message_id, message_checksum=checksum, created_at=ctx.now, updated_at=ctx.now
    )
    return ctx.db.scalar(row.on_conflict_do_nothing().returning(ActionMailboxInboundEmail.id))


def open_mail(ctx: Context, mail: IncomingMail) -> IO[bytes]:
    """The bytes of a mail in a temporary file."""
    kept = spooled()
    number = 0
    query = select(IncomingPiece.bytes).where(IncomingPiece.mail_id == mail.id)
    while (piece := ctx.db.scalar(query.where(IncomingPiece.number == number))) is not None:
        kept.write(piece)
        number += 1
    kept.seek(0)
    return kept


def done(ctx: Context, mail: IncomingMail, status: int = DELIVERED) -> None:
    """The mail was dealt with: its bytes go, its id stays known."""
    inbound = ctx.db.get(ActionMailboxInboundEmail, mail.inbound_email_id)
    if inbound is not None:
        inbound.status, inbound.updated_at = status, ctx.now
    ctx.db.execute(delete(IncomingMail).where(IncomingMail.id == mail.id))
    ctx.db.expunge(mail)
