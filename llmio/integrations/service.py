"""Acts on a group's integrations, and who of them hears of an event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import any_, delete, literal, or_, select
from sqlalchemy.orm import contains_eager

from llmio.core import audit
from llmio.core.errors import Invalid
from llmio.core.events import Channel
from llmio.core.forms import parse
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.tables import Event
from llmio.core.urls import absolute
from llmio.groups.models import Group
from llmio.integrations import secrets
from llmio.integrations.forms import ChatbotForm, literal_address
from llmio.integrations.http import Guard
from llmio.integrations.kinds import Kind, key_of, kinds_of
from llmio.integrations.models import FORMATS, MATRIX, WEBHOOK, Chatbot, ChatbotNotes
from llmio.notifications import entries
from llmio.notifications.deliveries import Delivery
from llmio.notifications.jobs import deliver_to_channel
from llmio.notifications.service import add_deliveries
from llmio.notifications.subjects import subject_of
from llmio.plugins import Target

if TYPE_CHECKING:
    from llmio.core.context import Context

_WITH_NOTES = select(Chatbot).outerjoin(Chatbot.notes).options(contains_eager(Chatbot.notes))
STAND_IN = "markdown"
"""What the reference takes an integration for whose kind it has not."""
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
    return ctx.db.scalars(_WITH_NOTES.where(Chatbot.group_id == group.id).order_by(Chatbot.id)).all()


def log_of(ctx: Context, group: Group, *, limit: int = 30) -> Sequence[Delivery]:
    """What was sent to the group's integrations lately, newest first."""
    ctx.require(Permission.GROUP_INTEGRATIONS, group)
    ours = select(Chatbot.id).where(Chatbot.group_id == group.id)
    query = select(Delivery).where(Delivery.recipient_type == "Chatbot", Delivery.recipient_id.in_(ours))
    return ctx.db.scalars(query.order_by(Delivery.id.desc()).limit(limit)).all()


def save(ctx: Context, group: Group, data: Mapping[str, Any], *, chatbot: Chatbot | None = None) -> Chatbot:
    """Connect a channel, or change how it is connected; raises Invalid with every fault at its field.

    Where the plugin of a kind is missing, what was entered in its fields stays.
    """
    ctx.require(Permission.GROUP_INTEGRATIONS, group)
    form, kind, values = _read(ctx, data, chatbot)
    row = chatbot or Chatbot(group_id=group.id, author_id=ctx.actor_id, created_at=ctx.now)
    row.name, row.notification_only, row.updated_at = form.name, form.notification_only, ctx.now
    if kind is not None:
        _write(row, kind, values)
    ctx.db.add(row)
    ctx.db.flush()
    if row.notes is not None and (row.notes.notifier or row.notes.webhook_kind):
        row.notes.event_kinds, row.event_kinds = list(form.event_kinds), []
    else:
        row.event_kinds = list(form.event_kinds)
    if row.notes is not None and row.notes.notifier:
        row.server = absolute(ctx.app.settings, f"/integrations/{row.id}")
    ctx.db.flush()
    audit.note(ctx, "integration.change" if chatbot else "integration.connect", row, group_id=group.id)
    return row


def _read(
    ctx: Context, data: Mapping[str, Any], before: Chatbot | None
) -> tuple[ChatbotForm, Kind | None, dict[str, Any]]:
    """What was entered; no kind where that of `before` stays and its plugin is missing."""
    errors: dict[str, list[object]] = {}
    form: ChatbotForm | None = None
    try:
        form = parse(ChatbotForm, data)
    except Invalid as fault:
        errors |= fault.errors
    was = key_of(before, ctx.app.plugins) if before is not None else ""
    chosen = str(data.get("webhook_kind") or "").strip()
    kind = kinds_of(ctx.app.plugins).get(chosen)
    values: dict[str, Any] = {}
    if kind is not None:
        known = before.values if before is not None and chosen == was else None
        values, faults = entries.read(ctx, kind.notifier, data, before=known, called=kind.called, refuse=_why_not(ctx))
        errors |= faults
    elif chosen and chosen != was:
        errors["webhook_kind"] = [_("Please choose one of the kinds.")]
    if form is not None and [name for name in form.event_kinds if name not in EVENT_KINDS]:
        errors["event_kinds"] = [_("Please choose among the events shown.")]
    if errors or form is None:
        raise Invalid(_("Please check the marked fields."), errors)
    return form, kind, values


def _why_not(ctx: Context) -> Callable[[str], object]:
    """Says why an address must not be used."""
    guard = Guard(ctx.app.settings)

    def why(url: str) -> object:
        address = literal_address(url)
        if address is None or guard.allows(address):
            return None
        return _("This address belongs to a private network; the operator of this site does not allow these.")

    return why


def _write(row: Chatbot, kind: Kind, values: dict[str, Any]) -> None:
    """Kind and values into the columns of the reference, or beside them where it has not the kind."""
    before = (row.kind, row.shape, row.access_token)
    shape = kind.shape.key if kind.shape else ""
    notifier = "" if kind.of_reference else kind.notifier.key
    beyond = shape if shape not in FORMATS else ""
    if row.notes is None and (notifier or beyond):
        row.notes = ChatbotNotes(old_secrets=[], test_state="", test_answer="")
    if row.notes is not None:
        row.notes.notifier, row.notes.webhook_kind, row.notes.values = notifier, beyond, values if notifier else {}
        row.notes.event_kinds = []
    row.kind = MATRIX if kind.notifier.key == MATRIX else WEBHOOK
    row.webhook_kind = None if row.kind == MATRIX else STAND_IN if notifier or beyond else shape
    kept = {} if notifier else values
    row.server, row.channel, row.access_token = kept.get("address"), kept.get("channel"), kept.get("access_token")
    if kind.shape and kind.shape.signed:
        was_signed = before[0] == WEBHOOK and bool(before[1])
        row.access_token = (before[2] if was_signed else None) or secrets.new_secret()


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
    made = entries.target(chatbot.values, chatbot.name or "")
    if not chatbot.shape:
        return made
    shape = ctx.app.plugins.webhook_formats.get(chatbot.shape)
    signed = shape is not None and shape.signed
    old = [one.secret for one in secrets.old_ones(ctx, chatbot)] if signed else []
    return replace(made, options={"format": shape, "secret": chatbot.access_token or "", "old_secrets": old})


def absent(ctx: Context, ids: set[int]) -> set[int]:
    """Those of these integrations whose format no plugin offers now."""
    query = _WITH_NOTES.where(Chatbot.id.in_(ids))
    known = ctx.app.plugins.webhook_formats
    return {one.id for one in ctx.db.scalars(query) if one.notifier == WEBHOOK and one.shape not in known}


def publish_event(ctx: Context, event: Event) -> list[int]:
    """A delivery for every channel of the event's group that asked for its kind, or was chosen for this message."""
    kind = ctx.app.kinds.get(event.kind or "")
    if kind is None or Channel.WEBHOOKS not in kind.channels:
        return []
    subject = subject_of(ctx, event)
    if subject is None or subject.gone or subject.group is None:
        return []
    chosen = event.custom_fields.get("recipient_chatbot_ids") or []
    asked = or_(
        literal(kind.name) == any_(Chatbot.event_kinds),
        ChatbotNotes.event_kinds.has_key(kind.name),
        Chatbot.id.in_(chosen),
    )
    wanted = _WITH_NOTES.where(Chatbot.group_id == subject.group.id, asked)
    ways: dict[str, list[tuple[str, int, str]]] = {}
    for one in ctx.db.scalars(wanted.order_by(Chatbot.id)):
        ways.setdefault(one.notifier, []).append(("Chatbot", one.id, "integration"))
    made: list[int] = []
    for notifier, recipients in ways.items():
        made += add_deliveries(ctx, event, notifier, recipients, deliver_to_channel)
    return made
