"""Settings of what keeps a site safe: by which names it is asked, and how often somebody may do something."""

from __future__ import annotations

from typing import Final

from llmio.core.settings import Setting

MOST: Final = 10**9
AN_HOUR: Final[dict[str, tuple[int, str]]] = {
    "announcements": (100, "invites, notifies or reminds people"),
    "groups": (20, "starts or changes groups"),
    "membership_requests": (100, "asks to join groups, or answers who asked"),
    "memberships": (100, "joins groups or changes memberships"),
    "discussions": (100, "starts or changes threads"),
    "discussion_readers": (1000, "marks threads as read or changes what comes of them by mail"),
    "polls": (100, "starts or changes polls"),
    "outcomes": (100, "writes outcomes"),
    "stances": (100, "votes"),
    "profile": (100, "changes a profile"),
    "comments": (100, "writes or changes comments"),
    "reactions": (100, "reacts"),
    "files": (100, "uploads files"),
    "direct_uploads": (20, "announces uploads"),
    "integrations": (100, "sets up or tests integrations"),
    "sessions": (10, "signs in by password or code"),
    "login_tokens": (10, "asks for a link to sign in"),
    "registrations": (10, "signs up"),
    "passwords": (20, "sets a password"),
    "merges": (5, "asks to merge accounts or to change an address"),
    "contact_messages": (10, "writes to the operator"),
    "contact_requests": (10, "asks to get in touch with a person"),
    "csp_reports": (60, "reports what a browser refused"),
}
"""Kind of act → how often one address on the internet may send it in an hour (those of the reference as it has them), and in words."""

OWN_LIMITS: Final = tuple(
    Setting(
        f"limits.max.{kind}",
        f"THROTTLE_MAX_{kind}",
        "int",
        aliases=(f"THROTTLE_MAX_{kind.upper()}",),
        within=(0, MOST),
        help=f"How often one address {words} in an hour, at most; a day allows three times that. Empty: {most}, times "
        "RACK_ATTACK_RATE_MULTPLIER.",
    )
    for kind, (most, words) in AN_HOUR.items()
)
INVITATIONS: Final = (
    Setting(
        "limits.invitations_paid",
        "PAID_INVITATIONS_RATE_LIMIT",
        "int",
        50_000,
        "Invitations by mail that one person may send in a day (UTC), to groups, threads, polls and outcomes together.",
        within=(0, MOST),
    ),
    Setting(
        "limits.invitations_trial",
        "TRIAL_INVITATIONS_RATE_LIMIT",
        "int",
        500,
        "The same for who is in no group, or in groups alone whose plan is `trial` or `demo`.",
        within=(0, MOST),
    ),
    Setting(
        "limits.invitations",
        "THROTTLE_MAX_UserInviterInvitations",
        "int",
        aliases=("THROTTLE_MAX_USERINVITERINVITATIONS",),
        within=(0, MOST),
        help="Invitations by mail that one person may send in a day, in the place of both others.",
    ),
)

SAFETY: tuple[Setting, ...] = (
    Setting(
        "site.other_hosts",
        "LLMIO_OTHER_HOSTS",
        "list",
        default=(),
        help="Further host names that the site answers by, beside CANONICAL_HOST and localhost; `.example.org` stands for all "
        "below it, `*` for every name. Requests for other hosts are refused (421).",
    ),
    Setting("limits.on", "USE_RACK_ATTACK", "bool", default=True, help="Limit how often an address may do something."),
    Setting(
        "limits.rate_factor",
        "RACK_ATTACK_RATE_MULTPLIER",
        "float",
        help="Multiplies all limits; 1 where nothing is set, 100 in development, where all come from one address.",
        within=(0, 1000000),
    ),
    Setting(
        "limits.time_factor",
        "RACK_ATTACK_TIME_MULTPLIER",
        "float",
        1.0,
        "Multiplies the hour and the day they hold.",
        within=(0.001, 1000),
    ),
    Setting(
        "limits.ip_header",
        "CLIENT_IP_HEADER",
        help="Header in which a trusted proxy names the client (CF-Connecting-IP); empty: the last entry of "
        "X-Forwarded-For, believed only from proxies with a private address.",
    ),
    *INVITATIONS,
    *OWN_LIMITS,
)
