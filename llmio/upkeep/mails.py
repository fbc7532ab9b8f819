"""What people are told by mail of upkeep: deleted and merged accounts, groups about to be destroyed, exports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llmio.core.i18n import _
from llmio.core.urls import absolute
from llmio.mail import Recipient, compose, language_of, moment
from llmio.upkeep.service.asking import hinted

if TYPE_CHECKING:
    from datetime import datetime

    from llmio.accounts.models import User
    from llmio.core.context import Context
    from llmio.core.ports import Mail
    from llmio.files.models import Document
    from llmio.groups.models import Group


def notice(
    ctx: Context,
    reader: Any,
    *,
    kind: str,
    message_id: str,
    headline: object,
    lines: Sequence[object],
    why: object,
    label: object = "",
    link: str = "",
    facts: Sequence[tuple[object, object]] = (),
) -> Mail:
    """A short mail about one thing."""
    values = {
        "headline_text": headline,
        "paragraphs": lines,
        "facts_shown": facts,
        "call": label,
        "link": link,
        "why": why,
    }
    return compose(ctx, reader, "mail/notice.jinja2", headline, values, kind=kind, message_id=message_id)


def account_deleted(ctx: Context, user_id: int, address: str, locale: str) -> Mail:
    """To the address of an account that is no more."""
    site = ctx.app.settings.text("site.name")
    reader = Recipient(address, "", locale or "en")
    with language_of(reader):
        return notice(
            ctx,
            reader,
            kind="redacted",
            message_id=f"redacted-{user_id}",
            headline=_("Your account on {site} is deleted", site=site),
            lines=[
                _("Your name, your address and everything else that says who you are was removed."),
                _("What you wrote in your groups stays there, without your name. Nothing more will be sent to you."),
            ],
            why=_("You, or an administrator of the site, deleted the account with this address."),
        )


def accounts_merged(ctx: Context, target: User, source_id: int) -> Mail:
    """To the owner of the account that stayed."""
    site = ctx.app.settings.text("site.name")
    with language_of(target):
        return notice(
            ctx,
            target,
            kind="accounts_merged",
            message_id=f"accounts-merged-{source_id}-{target.id}",
            headline=_("Your accounts on {site} are one now", site=site),
            lines=[_("Groups, threads, comments and votes of your other account belong to this one.")],
            label=_("Open {site}", site=site),
            link=absolute(ctx.app.settings, "/dashboard"),
            why=_("You asked for your two accounts to be merged."),
        )


def merge_verification(ctx: Context, source: User, target: User, token: str) -> Mail:
    """To the other address, whose owner must want it."""
    site = ctx.app.settings.text("site.name")
    with language_of(source):
        return notice(
            ctx,
            source,
            kind="merge_verification",
            message_id=f"merge-{source.id}-{target.id}-{int(ctx.now.timestamp())}",
            headline=_("Merge your accounts on {site}?", site=site),
            lines=[
                _(
                    "{name} ({email}) asks to take over the account of this address: its groups, threads, comments and votes.",
                    name=target.name or "",
                    email=target.email or "",
                ),
                _("If that is you, open the link in the browser where you are signed in. It works for one day."),
            ],
            label=_("Merge the accounts"),
            link=absolute(ctx.app.settings, f"/profile/merge/{token}"),
            why=_("Somebody typed this address to merge accounts. If that was not you, ignore this mail."),
        )


def new_address(ctx: Context, user: User, address: str, token: str) -> Mail:
    """To the address that an account is to have."""
    site = ctx.app.settings.text("site.name")
    reader = Recipient(address, user.name or "", user.selected_locale or "en")
    with language_of(reader):
        return notice(
            ctx,
            reader,
            kind="new_address",
            message_id=f"new-address-{user.id}-{int(ctx.now.timestamp())}",
            headline=_("Is this your new address on {site}?", site=site),
            lines=[
                _("{name} wants to use this address from now on.", name=user.name or ""),
                _("If that is you, open the link in the browser where you are signed in. It works for one day."),
            ],
            label=_("Use this address"),
            link=absolute(ctx.app.settings, f"/profile/address/{token}"),
            why=_("Somebody typed this address as their new one. If that was not you, ignore this mail."),
        )


def address_changed(ctx: Context, user: User, former: str, address: str) -> Mail:
    """To the address that an account had."""
    settings = ctx.app.settings
    site, support = settings.text("site.name"), settings.text("site.support_email")
    reader = Recipient(former, user.name or "", user.selected_locale or "en")
    with language_of(reader):
        lines = [_("Your account has another address now, {email}. Mails go there.", email=hinted(address))]
        if support:
            lines.append(_("If that was not you, write to {address} at once.", address=support))
        return notice(
            ctx,
            reader,
            kind="address_changed",
            message_id=f"address-changed-{user.id}-{int(ctx.now.timestamp())}",
            headline=_("Your address on {site} was changed", site=site),
            lines=lines,
            why=_("This was the address of your account."),
        )


def destruction_warning(ctx: Context, group: Group, reader: User, actor: User | None, at: datetime) -> Mail:
    """To an admin of a group that was deleted, while it can still be brought back."""
    settings = ctx.app.settings
    who = (actor.name if actor else "") or settings.text("site.name")
    help_address = settings.text("site.support_email")
    with language_of(reader):
        lines: list[object] = [
            _(
                "{who} deleted the group {name}. It is archived now: nobody sees it any more.",
                who=who,
                name=group.name or "",
            ),
            _(
                "On {day} everything in it is destroyed for good: threads, comments, polls, files.",
                day=moment(at, reader, "date"),
            ),
            _("Until then an administrator of the site can bring it back: {address}", address=help_address)
            if help_address
            else _("Until then an administrator of the site can bring it back."),
        ]
        return notice(
            ctx,
            reader,
            kind="group_destroy_warning",
            message_id=f"destroy-group-{group.id}-{int(at.timestamp())}-{reader.id}",
            headline=_("{name} will be destroyed", name=group.name or ""),
            lines=lines,
            why=_("You are an admin of this group."),
        )


def export_ready(ctx: Context, document: Document, reader: User, group: Group) -> Mail:
    """To the admin who asked for an export."""
    with language_of(reader):
        return notice(
            ctx,
            reader,
            kind="group_export_ready",
            message_id=f"export-{document.id}",
            headline=_("The export of {name} is ready", name=group.name or ""),
            lines=[
                _("Sign in and download it within a week. After that it is destroyed."),
                _("It holds what members wrote and their addresses: keep it where only you can read it."),
                _("Files and pictures are not in it, only where they are on this site."),
            ],
            label=_("Go to the file"),
            link=absolute(ctx.app.settings, f"/g/{group.key}/export"),
            facts=[(_("File"), document.title or "")],
            why=_("You asked for an export of this group."),
        )
