"""Jobs of upkeep. Each does a bounded piece and asks for itself again while more is left; each may run twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from llmio.accounts.models import User
from llmio.accounts.sessions import identity_of
from llmio.core import work
from llmio.core.context import OPERATOR
from llmio.core.jobs import DAY, LONG, Every, GiveUp, Job, job
from llmio.discussions.models import Discussion
from llmio.files.models import Document
from llmio.groups import queries as groups
from llmio.groups.models import Group
from llmio.mail import deliver
from llmio.upkeep import mails
from llmio.upkeep.service import (
    backups,
    destroy,
    domains,
    exports,
    fetching,
    imports,
    merge,
    moving,
    orphans,
    records,
    redact,
    repair,
    tags,
    vanish,
)

if TYPE_CHECKING:
    from llmio.core.app import App
    from llmio.core.context import Context

PASSING = frozenset({"Document"})
"""Kinds of records that `destroy_record` may be asked to destroy."""


@job("upkeep.redact_user")
def redact_user(ctx: Context, user_id: int, address: str | None = None) -> None:
    """Wipe what says who a person was; tell the address once it is done."""
    user = ctx.db.get(User, user_id, with_for_update=True)
    if user is None:
        return
    locale = user.selected_locale or user.detected_locale or "en"
    if redact.wipe(ctx, user):
        ctx.enqueue(redact_user, user_id)
    if address:
        ctx.enqueue(mail_account_deleted, user_id, address, locale)


@job("upkeep.destroy_user", queue="low")
def destroy_user(ctx: Context, user_id: int, words: bool) -> None:  # noqa: FBT001  # as JSON has it
    """Destroy an account for good, piece by piece; with `words` all that the person wrote, too."""
    user = ctx.db.get(User, user_id, with_for_update=True)
    if user is None or user.deactivated_at is None:
        return
    if (words and vanish.destroy_some_words(ctx, user)) or vanish.destroy_person(ctx, user):
        ctx.enqueue(destroy_user, user_id, words)


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


@job("upkeep.mail_new_address", queue="critical", transaction=False)
def mail_new_address(app: App, user_id: int, address: str, token: str) -> None:
    """Ask the new address of an account whether its owner reads it."""
    with app.begin() as ctx:
        user = ctx.db.get(User, user_id)
        mail = mails.new_address(ctx, user, address, token) if user else None
    if mail is not None:
        deliver(app, mail)


@job("upkeep.mail_address_changed", queue="mailers", transaction=False)
def mail_address_changed(app: App, user_id: int, former: str, address: str) -> None:
    """Tell the former address of an account that it has another one."""
    with app.begin() as ctx:
        user = ctx.db.get(User, user_id)
        mail = mails.address_changed(ctx, user, former, address) if user else None
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


@job("upkeep.destroy_discussion", queue="low")
def destroy_discussion(ctx: Context, discussion_id: int) -> None:
    """Destroy a thread for good, if it was taken away."""
    found = ctx.db.get(Discussion, discussion_id)
    if found is not None and found.discarded_at is not None:
        destroy.destroy_discussion(ctx, found)


@job("upkeep.destroy_discarded", queue="low")
def destroy_discarded(ctx: Context) -> None:
    """Have threads destroyed that were taken away long ago, where the operator wants that."""
    days = ctx.app.settings.number("discussions.discarded_days")
    if days < 1:
        return
    old = select(Discussion.id).where(Discussion.discarded_at < ctx.now - timedelta(days=days))
    for discussion_id in ctx.db.scalars(old.order_by(Discussion.discarded_at).limit(1000)):
        ctx.enqueue(destroy_discussion, discussion_id)


@job("upkeep.destroy_group", queue="low")
def destroy_group(ctx: Context, group_id: int, archived_at: str) -> None:
    """Destroy a group that its admins deleted, piece by piece, unless it was brought back meanwhile."""
    group = ctx.db.get(Group, group_id)
    if group is None or group.archived_at is None or group.archived_at.isoformat() != archived_at:
        return
    for subgroup_id in ctx.db.scalars(
        select(Group.id).where(Group.parent_id == group_id, Group.archived_at == group.archived_at)
    ):
        ctx.enqueue(destroy_group, subgroup_id, archived_at)
    if destroy.destroy_some_of_group(ctx, group):
        ctx.enqueue(destroy_group, group_id, archived_at)


@job("upkeep.warn_of_destruction", queue="high")
def warn_of_destruction(ctx: Context, group_id: int, actor_id: int | None, at: str) -> None:
    """Have every admin of a group that is about to be destroyed warned by mail."""
    for user_id in groups.admin_ids(ctx, group_id):
        ctx.enqueue(mail_destruction_warning, group_id, user_id, actor_id, at)


@job("upkeep.mail_destruction_warning", queue="mailers", transaction=False)
def mail_destruction_warning(app: App, group_id: int, user_id: int, actor_id: int | None, at: str) -> None:
    """Warn an admin that the group will be destroyed."""
    with app.begin() as ctx:
        group, reader = ctx.db.get(Group, group_id), ctx.db.get(User, user_id)
        actor = ctx.db.get(User, actor_id) if actor_id else None
        archived = group is not None and group.archived_at is not None
        mail = (
            mails.destruction_warning(ctx, group, reader, actor, datetime.fromisoformat(at))
            if group and archived and reader and reader.email and reader.email_verified
            else None
        )
    if mail is not None:
        deliver(app, mail)


@job("upkeep.delete_orphans", queue="low")
def delete_orphans(ctx: Context) -> None:
    """Remove rows whose parents are gone, at most a thousand of each kind a run."""
    more, threads = orphans.sweep(ctx)
    for discussion_id in sorted(threads):
        ctx.enqueue(repair_thread, discussion_id)
    if more:
        ctx.enqueue(delete_orphans)


@job("upkeep.repair_thread", queue="low")
def repair_thread(ctx: Context, discussion_id: int) -> None:
    """Put the items of a thread in order: numbers, parents, positions, counters."""
    found = ctx.db.get(Discussion, discussion_id)
    if found is not None:
        repair.repair_thread(ctx, found)


@job("upkeep.move_items")
def move_items(ctx: Context, event_ids: list[int], source_id: int, target_id: int) -> None:
    """Move comments and polls into another thread, with all that answers them."""
    source, target = ctx.db.get(Discussion, source_id), ctx.db.get(Discussion, target_id)
    if source is not None and target is not None and target.discarded_at is None:
        moving.move(ctx, source, target, event_ids=event_ids)


@job("upkeep.export_group", queue="low", retries=3, transaction=False, limit=LONG)
def export_group(app: App, document_id: int, work_id: int | None = None) -> None:
    """Write a group into a file for the admin who asked for it, and have the link mailed."""
    with work.reported(app, "upkeep.export_group", "", work_id) as report, app.begin() as ctx:
        document = ctx.db.get(Document, document_id, with_for_update=True)
        author = exports.author_of(ctx, document) if document is not None else None
        if document is None or author is None:
            return
        if exports.make(ctx, document, identity_of(author), report) is not None:
            ctx.enqueue(mail_export_ready, document_id)


@job(imports.KIND, queue="low", retries=3, transaction=False, limit=LONG)
def import_group(app: App, import_id: int, work_id: int | None = None) -> None:
    """Read an export into this site, all or nothing; its files are fetched afterwards."""
    with work.reported(app, imports.KIND, "", work_id) as report, app.begin(OPERATOR) as ctx:
        one = imports.get(ctx, import_id)
        if one.finished_at is None:
            with imports.file_of(ctx, one) as file:
                imports.run(ctx, one, file, report)
        report.result(f"/admin/imports/{one.id}")


@job("upkeep.fetch_file", queue="low", transaction=False)
def fetch_file(app: App, user_id: int, file: dict[str, Any], import_id: int = 0) -> None:
    """Fetch a file of an imported group from the site it was exported from, and attach it."""
    with app.begin() as ctx:
        identity = fetching.identity_for(ctx, user_id)
    fetching.fetch(app, identity, fetching.Wanted.of(file))
    if import_id:
        with app.begin() as ctx:
            imports.file_came(ctx, import_id)


@job("upkeep.mail_export_ready", queue="mailers", transaction=False)
def mail_export_ready(app: App, document_id: int) -> None:
    """Mail the link to an export to who asked for it."""
    with app.begin() as ctx:
        document = ctx.db.get(Document, document_id)
        author = exports.author_of(ctx, document) if document is not None else None
        group = ctx.db.get(Group, document.model_id) if document is not None else None
        mail = mails.export_ready(ctx, document, author, group) if document and author and group else None
    if mail is not None:
        deliver(app, mail)


@job("upkeep.destroy_record", queue="low")
def destroy_record(ctx: Context, kind: str, record_id: int) -> None:
    """Destroy a record that was made to last for a while: the file of an export after a week."""
    if kind not in PASSING:
        raise GiveUp(f"records of kind {kind} are not destroyed by this job")
    records.remove(ctx, kind, [record_id])


@job("upkeep.refresh_blocked_domains", queue="low", retries=3, transaction=False)
def refresh_blocked_domains(app: App) -> None:
    """Fetch the list of blocked domains, where the operator names one."""
    url = app.settings.text("accounts.blocked_domains_url")
    if not url:
        return
    names = domains.fetch(app.ports.http, url)
    with app.begin() as ctx:
        domains.replace(ctx, names)


@job("upkeep.update_tag")
def update_tag(ctx: Context, group_id: int, old: str, new: str, color: str) -> None:
    """Name and colour a tag anew in a whole organisation, 200 records of each kind a run."""
    if tags.replace(ctx, group_id, old=old, new=new):
        ctx.enqueue(update_tag, group_id, old, new, color)
        return
    tags.rename_rows(ctx, group_id, old=old, new=new, color=color)
    tags.count(ctx, group_id)


@job("upkeep.destroy_tag")
def destroy_tag(ctx: Context, group_id: int, name: str) -> None:
    """Take a tag from everything in an organisation, 200 records of each kind a run."""
    if tags.replace(ctx, group_id, old=name, new=None):
        ctx.enqueue(destroy_tag, group_id, name)
        return
    tags.drop_rows(ctx, group_id, name=name)
    tags.count(ctx, group_id)


@job("upkeep.count_tags", queue="low")
def count_tags(ctx: Context, group_id: int) -> None:
    """Count anew how often the tags of an organisation are used."""
    tags.count(ctx, group_id)


@job("upkeep.destroy_demo_groups", queue="low")
def destroy_demo_groups(ctx: Context) -> None:
    """Have groups destroyed that were made to try the site out (plan `demo`) more than a week ago, with their subgroups."""
    for group_id, archived_at in destroy.expired_demos(ctx):
        ctx.enqueue(destroy_group, group_id, archived_at.isoformat())


@job("upkeep.nightly_backup", queue="low", retries=2, transaction=False)
def nightly_backup(app: App) -> None:
    """Make and prove a backup, or prove another program's, where the operator wants that."""
    if app.settings["backups.nightly"] != "off":
        backups.nightly(app)


JOBS: tuple[Job, ...] = (
    nightly_backup,
    redact_user,
    destroy_user,
    mail_account_deleted,
    merge_users,
    mail_accounts_merged,
    mail_merge_verification,
    mail_new_address,
    mail_address_changed,
    destroy_discussion,
    destroy_discarded,
    destroy_group,
    destroy_demo_groups,
    warn_of_destruction,
    mail_destruction_warning,
    delete_orphans,
    repair_thread,
    move_items,
    export_group,
    import_group,
    fetch_file,
    mail_export_ready,
    destroy_record,
    refresh_blocked_domains,
    update_tag,
    destroy_tag,
    count_tags,
)
SCHEDULE: tuple[tuple[Job, Every], ...] = (
    (destroy_discarded, DAY),
    (nightly_backup, DAY),
    (destroy_demo_groups, DAY),
    (delete_orphans, DAY),
    (refresh_blocked_domains, "month"),
)
