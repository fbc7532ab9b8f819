"""Notifier `webhook`: posts a notice to a URL, in the format chosen for it."""

from __future__ import annotations

from llmio.plugins import (
    ADDRESS,
    Failed,
    Message,
    Notifier,
    Outcome,
    Outgoing,
    Plugin,
    Reaches,
    Target,
    WebhookFormat,
    _,
    hookimpl,
)

PLUGIN = Plugin(_("Webhook"), _("Notices to a URL: chat rooms and other programs."))


class Webhook(Notifier):
    """One POST per notice. `target.options["format"]` is the WebhookFormat; `target.address` the URL."""

    key = "webhook"
    title = "Webhook"
    summary = "One POST per notice to a URL that an admin of the group entered."
    reaches = Reaches.CHANNEL
    fields = (ADDRESS,)

    def send(self, message: Message, target: Target, out: Outgoing) -> Outcome:
        """Post what the format makes of the message; the format reads the answer."""
        shape = target.options.get("format")
        if not isinstance(shape, WebhookFormat):
            return Failed("no format for this webhook: is its plugin installed and on?")
        made = shape.request(message, target, out.clock.now())
        if not (isinstance(made, tuple) and len(made) == 2 and isinstance(made[1], bytes)):
            raise TypeError(f"webhook format {shape.key} made {made!r:.200} of a message, not headers and bytes")
        headers, body = made
        return shape.answer(out.http.post(target.address, headers=headers, body=body))


@hookimpl
def llmio_notifiers() -> list[Notifier]:
    """The notifier of this plugin."""
    return [Webhook()]
