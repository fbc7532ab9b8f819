"""Acts on a group's integrations, and who of them hears of an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import any_, delete, func, literal, or_, select

from llmio.core import audit
from llmio.core.errors import Invalid
from llmio.core.events import Channel
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.groups.models import Group
from llmio.integrations import secrets
from llmio.integrations.forms import ChatbotForm, literal_address
from llmio.integrations.http import Guard
from llmio.integrations.models import Chatbot, ChatbotNotes
from llmio.notifications.deliveries import Delivery
from llmio.notifications.jobs import deliver_to_channel
from llmio.notifications.service import add_deliveries
from llmio.notifications.subjects import subject_of
from llmio.plugins import Target

if TYPE_CHECKING:
    from llmio.core.context import Context

WEBHOOK, MATRIX = "webhook", secrets.MATRIX
EVENT_KINDS: dict[str, object] = {
    "new_discussion": _("A new thread"),
    "discussion_edited": _("A thread was edited, with a message"),
    "new_comment": _("A comment"),
    "poll_created": _("A new poll"),
    "poll_edited": _("A poll was edited, with a message"),
    "poll_closing_soon": _("A poll closes within a day"),
    "poll_expired": _("A poll closed at its time"),
    "poll_closed_by_user": _("A poll was closed by hand"),
    "poll_reopened": _("A poll was reopened"),
    "outcome_created": _("An outcome"),
    "outcome_updated": _("An outcome was updated"),
    "outcome_review_due": _("An outcome is due for review"),
    "stance_created": _("A vote"),
    "stance_updated": _("A vote was changed"),
}
"""The kinds that a channel may ask for, as the reference offers them."""
DEFAULT_KINDS = ("new_discussion", "poll_created", "poll_closing_soon", "poll_expired", "outcome_created")


def chatbots_of(ctx: Context, group: Group) -> Sequence[Chatbot]:
    """The integrations of a group, oldest first."""
    ctx.require(Permission.GROUP_INTEGRATIONS, group)
    return ctx.db.scalars(select(Chatbot).where(Chatbot.group_id == group.id).order_by(Chatbot.id)).all()


def log_of(ctx: Context, group: Group, *, limit: int = 30) -> Sequence[Delivery]:
    """What was sent to the group's integrations lately, newest first."""
    ctx.require(Permission.GROUP_INTEGRATIONS, group)
    ours = select(Chatbot.id).where(Chatbot.group_id == group.id)
    query = select(Delivery).where(Delivery.recipient_type == "Chatbot", Delivery.recipient_id.in_(ours))
    return ctx.db.scalars(query.order_by(Delivery.id.desc()).limit(limit)).all()


def save(ctx: Context, group: Group, form: ChatbotForm, *, chatbot: Chatbot | None = None) -> Chatbot:
    """Connect a channel, or change how it is connected."""
    ctx.require(Permission.GROUP_INTEGRATIONS, group)
    _check(ctx, form, chatbot)
    row = chatbot or Chatbot(group_id=group.id, author_id=ctx.actor_id, created_at=ctx.now)
    matrix = form.webhook_kind == MATRIX
    was_matrix = row.kind == MATRIX
    row.kind, row.webhook_kind = (MATRIX, None) if matrix else (WEBHOOK, form.webhook_kind)
    row.name, row.server = form.name, form.server
    if matrix:
        row.channel, row.access_token = form.channel, form.access_token or row.access_token
    else:
        row.channel, row.access_token = (
            None,
            _secret_for(ctx, form.webhook_kind, None if was_matrix else row.access_token),
        )
    row.event_kinds = list(form.event_kinds)
    row.notification_only = form.notification_only
    row.updated_at = ctx.now
    ctx.db.add(row)
    ctx.db.flush()
    audit.note(ctx, "integration.change" if chatbot else "integration.connect", row, group_id=group.id)
    return row


def _check(ctx: Context, form: ChatbotForm, before: Chatbot | None) -> None:
    """Raise Invalid with every fault at its field."""
    errors: dict[str, list[object]] = {}
    matrix = form.webhook_kind == MATRIX
    known = MATRIX in ctx.app.plugins.notifiers if matrix else form.webhook_kind in ctx.app.plugins.webhook_formats
    if not known:
        errors["webhook_kind"] = [_("Please choose one of the kinds.")]
    if [name for name in form.event_kinds if name not in EVENT_KINDS]:
        errors["event_kinds"] = [_("Please choose among the events shown.")]
    if matrix and not form.channel:
        errors["channel"] = [_("Please say which room.")]
    has_token = before is not None and before.kind == MATRIX and before.access_token
    if matrix and not form.access_token and not has_token:
        errors["access_token"] = [_("Please paste the access token of the account that shall post.")]
    address = literal_address(form.server)
    if address is not None and not Guard(ctx.app.settings).allows(address):
        errors["server"] = [
            _("This address belongs to a private network; the operator of this site does not allow these.")
        ]
    if errors:
        raise Invalid(_("Please check the marked fields."), errors, form.model_dump())


def _secret_for(ctx: Context, webhook_kind: str, before: str | None) -> str | None:
    """The secret of a format that signs: the one there was, else a new one."""
    if not ctx.app.plugins.webhook_formats[webhook_kind].signed:
        return None
    return before or secrets.new_secret()


def remove(ctx: Context, chatbot: Chatbot) -> None:
    """Disconnect a channel; what was sent to it stays in the log of the site."""
    ctx.require(Permission.GROUP_INTEGRATIONS, chatbot.group)
    audit.note(ctx, "integration.remove", chatbot, group_id=chatbot.group_id)
    ctx.db.execute(delete(ChatbotNotes).where(ChatbotNotes.chatbot_id == chatbot.id))
    ctx.db.execute(delete(Chatbot).where(Chatbot.id == chatbot.id))


def forget(ctx: Context) -> None:
    """Remove notes on integrations that went with their group."""
    there = select(Chatbot.id).where(Chatbot.id == ChatbotNotes.chatbot_id).exists()
    ctx.db.execute(delete(ChatbotNotes).where(~there))


def target_of(ctx: Context, chatbot: Chatbot) -> Target:
    """Where to send, and what the notifier needs for it."""
    name, server, token = chatbot.name or "", chatbot.server or "", chatbot.access_token or ""
    if chatbot.kind == MATRIX:
        return Target(server, name, {"access_token": token, "channel": chatbot.channel or ""})
    shape = ctx.app.plugins.webhook_formats.get(chatbot.webhook_kind or "")
    old = [one.secret for one in secrets.old_ones(ctx, chatbot)] if shape is not None and shape.signed else []
    return Target(server, name, {"format": shape, "secret": token, "old_secrets": old})


def absent(ctx: Context, ids: set[int]) -> set[int]:
    """Those of these integrations whose format no plugin offers now."""
    query = select(Chatbot.id).where(
        Chatbot.id.in_(ids),
        Chatbot.kind.is_distinct_from(MATRIX),
        func.coalesce(Chatbot.webhook_kind, "").not_in(list(ctx.app.plugins.webhook_formats)),
    )
    return set(ctx.db.scalars(query))


def publish_event(ctx: Context, event: Event) -> list[int]:
    """A delivery for every channel of the event's group that asked for its kind, or was chosen for this message."""
    kind = ctx.app.kinds.get(event.kind or "")
    if kind is None or Channel.WEBHOOKS not in kind.channels:
        return []
    subject = subject_of(ctx, event)
    if subject is None or subject.gone or subject.group is None:
        return []
    chosen = event.custom_fields.get("recipient_chatbot_ids") or []
    wanted = select(Chatbot.id, Chatbot.kind).where(
        Chatbot.group_id == subject.group.id,
        or_(literal(kind.name) == any_(Chatbot.event_kinds), Chatbot.id.in_(chosen)),
    )
    found = [(int(row.id), notifier_of(row.kind)) for row in ctx.db.execute(wanted.order_by(Chatbot.id))]
    made: list[int] = []
    for notifier in (WEBHOOK, MATRIX):
        recipients = [("Chatbot", one, "integration") for one, way in found if way == notifier]
        made += add_deliveries(ctx, event, notifier, recipients, deliver_to_channel)
    return made


def notifier_of(kind: str | None) -> str:
    """The notifier that reaches integrations of a kind."""
    return MATRIX if kind == MATRIX else WEBHOOK
