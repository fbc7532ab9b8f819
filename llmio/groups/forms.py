"""What people type about groups → clean values."""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from pydantic import Field, field_validator

from llmio.core.forms import Form
from llmio.core.i18n import _

RESERVED = frozenset(
    [
        "about",
        "account",
        "accounts",
        "admin",
        "api",
        "assets",
        "brand",
        "bug_tunnel",
        "dashboard",
        "d",
        "dev",
        "direct",
        "discussions",
        "email_preferences",
        "email_processor",
        "explore",
        "facebook",
        "files",
        "g",
        "google",
        "groups",
        "health",
        "help",
        "inbox",
        "invitations",
        "join",
        "live",
        "login_code",
        "login_tokens",
        "manifest",
        "mentions",
        "metrics",
        "new",
        "nextcloud",
        "notifications",
        "oauth",
        "p",
        "polls",
        "profile",
        "rails",
        "robots",
        "saml",
        "search",
        "setup",
        "sign_in",
        "sign_out",
        "sign_up",
        "sitemap",
        "start_group",
        "static",
        "styleguide",
        "system",
        "tasks",
        "threads",
        "u",
        "unsubscribe",
        "up",
        "users",
        "x",
    ]
)
"""First parts of paths that mean something else."""

Privacy = Literal["open", "closed", "secret"]
Granted = Literal["request", "approval", "invitation"]
MAX_INVITED = 500


def handle_from(text: str) -> str:
    """A handle made of a name: small letters, digits and hyphens; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60]


class GroupForm(Form):
    """Start or edit a group."""

    name: str = Field(min_length=1, max_length=250)
    handle: str = Field("", max_length=100)
    description: str = Field("", max_length=100_000)
    description_format: Literal["md", "html"] = "md"
    group_privacy: Privacy = "closed"
    membership_granted_upon: Granted = "approval"
    private_threads: bool = False
    listed_in_explore: bool = False
    parent_members_can_see_discussions: bool = False
    request_to_join_prompt: str = Field("", max_length=280)

    @field_validator("handle")
    @classmethod
    def _handle(cls, value: str) -> str:
        if not value:
            return ""
        handle = value.lower()
        if handle_from(value) != handle:
            raise ValueError(
                _("Small letters, digits and hyphens only, such as {like}.", like=handle_from(value) or "our-coop")
            )
        if handle in RESERVED:
            raise ValueError(_("This address is taken by the site itself. Please choose another."))
        return handle


class SettingsForm(Form):
    """What members may do."""

    members_can_add_members: bool = False
    members_can_add_guests: bool = False
    members_can_announce: bool = False
    members_can_start_discussions: bool = False
    members_can_edit_discussions: bool = False
    members_can_edit_comments: bool = False
    members_can_delete_comments: bool = False
    members_can_raise_motions: bool = False
    members_can_create_subgroups: bool = False
    admins_can_edit_user_content: bool = False


class InviteForm(Form):
    """Invite by addresses, pasted in any shape."""

    emails: str = Field("", max_length=50_000)
    user_ids: list[int] = []
    message: str = Field("", max_length=2_000)


class MemberForm(Form):
    """A member's title in the group."""

    title: str = Field("", max_length=100)


class VolumeForm(Form):
    """How much should reach me."""

    volume: Literal["1", "2", "3"]


class RequestForm(Form):
    """Ask to join."""

    introduction: str = Field("", max_length=2_000)


class AcceptForm(Form):
    """Someone new accepts an invitation."""

    name: str = Field(min_length=1, max_length=250)
