"""Mail is routed after it was taken, and swept when it is old."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from llmio.core.jobs import job
from llmio.mail.incoming import forwarding, keeping, letter, mime, trust, waiting
from llmio.mail.incoming.models import IncomingMail, MailBounce
from llmio.mail.incoming.routing import Case, Verdict, route
from llmio.mail.models import ActionMailboxInboundEmail, ReceivedEmail

if TYPE_CHECKING:
    from llmio.core.context import Context

KEPT = timedelta(days=60)
AT_ONCE = 100


@job("mail.route", queue="high")
def route_mail(ctx: Context, mail_id: int) -> str:
    """Bring a mail that came in to its place."""
    mail = ctx.db.get(IncomingMail, mail_id)
    if mail is None:
        return "gone"
    with keeping.open_mail(ctx, mail) as raw:
        taken = mime.take_apart(raw)
    try:
        read = letter.read(taken)
        verdict = route(Case(ctx, read, trust.checks_of(read, mail.checks), mail.recipients))
        finish(ctx, mail, verdict)
    finally:
        taken.close()
    return f"{verdict.what}: {verdict.why}"


def finish(ctx: Context, mail: IncomingMail, verdict: Verdict) -> None:
    """Let go of what is not needed any more; what waits for an admin keeps its bytes, for its files are in them."""
    if verdict.what == "waiting" and verdict.received is not None:
        mail.received_email_id = verdict.received.id
    elif verdict.what == "forward":
        ctx.enqueue(forwarding.send, mail.id, verdict.forward_to)
    else:
        keeping.done(ctx, mail, keeping.BOUNCED if verdict.what == "bounced" else keeping.DELIVERED)


@job("mail.route_stored", queue="low")
def route_stored(ctx: Context) -> int:
    """Route mails that another release stored and did not come to route."""
    query = select(ReceivedEmail).where(ReceivedEmail.group_id.is_(None), ReceivedEmail.released.is_(False))
    rows = ctx.db.scalars(query.order_by(ReceivedEmail.id).limit(AT_ONCE)).all()
    for row in rows:
        with waiting.letter_of(ctx, row) as read:
            known = {"spf": row.spf_valid, "dkim": row.dkim_valid} if row.spf_valid or row.dkim_valid else {}
            verdict = route(Case(ctx, read, trust.checks_of(read, known), row=row))
        if verdict.what not in ("posted", "waiting"):
            ctx.db.delete(row)
        ctx.db.flush()
    return len(rows)


@job("mail.sweep", queue="low")
def sweep(ctx: Context) -> int:
    """Delete mail from more than 60 days ago, and what is known of it."""
    before = ctx.now - KEPT
    old = delete(ReceivedEmail).where(ReceivedEmail.created_at < before)
    gone = len(ctx.db.scalars(old.returning(ReceivedEmail.id)).all())
    ctx.db.execute(delete(ActionMailboxInboundEmail).where(ActionMailboxInboundEmail.created_at < before))
    ctx.db.execute(delete(MailBounce).where(MailBounce.sent_at < before))
    return gone
