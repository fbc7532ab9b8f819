"""Jobs of upkeep. Each does a bounded piece and asks for itself again while more is left; each may run twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmio.accounts.models import User
from llmio.core.jobs import Job, job
from llmio.mail import deliver
from llmio.upkeep import mails
from llmio.upkeep.service import merge, redact

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context


@job("upkeep.redact_user")
def redact_user(ctx: Context, user_id: int, address: str | None = None) -> None:
    """Wipe what says who a person was; tell the address once it is done."""
    user = ctx.db.get(User, user_id, with_for_update=True)
    if user is None:
        return
    locale = user.selected_locale or user.detected_locale or "en"
    if redact.wipe(ctx, user):
        ctx.enqueue(redact_user, user_id)
    reindex = ctx.app.jobs.get("search.reindex_author")
    if reindex is not None:
        ctx.enqueue(reindex, user_id)
    if address:
        ctx.enqueue(mail_account_deleted, user_id, address, locale)


@job("upkeep.mail_account_deleted", queue="mailers", transaction=False)
def mail_account_deleted(app: App, user_id: int, address: str, locale: str) -> None:
    """Mail the address of a deleted account."""
    with app.begin() as ctx:
        mail = mails.account_deleted(ctx, user_id, address, locale)
    deliver(app, mail)
    with app.begin() as ctx:
        redact.forget_address(ctx, address)


@job("upkeep.merge_users")
def merge_users(ctx: Context, source_id: int, target_id: int) -> None:
    """Make two accounts of one person one, and delete the other."""
    locked = ctx.db.query(User).filter(User.id.in_((source_id, target_id))).order_by(User.id).with_for_update()
    found = {user.id: user for user in locked}
    source, target = found.get(source_id), found.get(target_id)
    if source is None or target is None or source.email is None:
        return
    merge.merge(ctx, source, target)
    source.deactivated_at = ctx.now
    source.deactivator_id = target.id
    ctx.enqueue(redact_user, source_id)
    ctx.enqueue(mail_accounts_merged, source_id, target_id)


@job("upkeep.mail_accounts_merged", queue="mailers", transaction=False)
def mail_accounts_merged(app: App, source_id: int, target_id: int) -> None:
    """Tell the owner that the accounts are one."""
    with app.begin() as ctx:
        target = ctx.db.get(User, target_id)
        mail = mails.accounts_merged(ctx, target, source_id) if target and target.email else None
    if mail is not None:
        deliver(app, mail)


@job("upkeep.mail_merge_verification", queue="critical", transaction=False)
def mail_merge_verification(app: App, source_id: int, target_id: int, token: str) -> None:
    """Ask the other address whether its account is to be merged."""
    with app.begin() as ctx:
        source, target = ctx.db.get(User, source_id), ctx.db.get(User, target_id)
        mail = mails.merge_verification(ctx, source, target, token) if source and target and source.email else None
    if mail is not None:
        deliver(app, mail)


JOBS: tuple[Job, ...] = (
    redact_user,
    mail_account_deleted,
    merge_users,
    mail_accounts_merged,
    mail_merge_verification,
)
SCHEDULE: tuple[tuple[Job, int], ...] = ()
