"""Why something came: every notice carries one of these, and every mail says it."""

from __future__ import annotations

from llmio.core.i18n import _

REASONS: dict[str, object] = {
    "chosen": _("You get this because {actor} asked for you to be told."),
    "invited": _("You get this because {actor} invited you."),
    "mentioned": _("You get this because {actor} mentioned you."),
    "replied": _("You get this because {actor} answered you."),
    "group_mentioned": _("You get this because {actor} mentioned your group."),
    "subscribed": _("You get this because you follow everything here."),
    "author": _("You get this because you started it."),
    "wrote": _("You get this because you wrote it."),
    "admin": _("You get this because you are an admin of the group."),
    "voter": _("You get this because your vote is asked for."),
    "member": _("You get this because it is about your membership."),
    "integration": _("This group is connected to this channel."),
}
"""Key → sentence; {actor} is who acted."""


def sentence(reason: str, actor: str) -> str:
    """The reason in the reader's language."""
    text = REASONS.get(reason, REASONS["chosen"])
    return str(text).format(actor=actor or str(_("someone")))
