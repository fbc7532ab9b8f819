"""Settings of upkeep."""

from __future__ import annotations

from llmio.core.settings import Setting

SETTINGS = (
    Setting(
        "groups.deletion_delay_days",
        "GROUP_DELETION_DELAY_DAYS",
        "int",
        default=14,
        help="Days between the deletion of a group by its admins, who are warned, and the moment when it is destroyed.",
    ),
    Setting(
        "discussions.discarded_days",
        "LLMIO_DISCARDED_DAYS",
        "int",
        default=0,
        help="Days after which a thread that was taken away is destroyed for good; 0 keeps it for ever.",
    ),
    Setting(
        "accounts.blocked_domains_url",
        "LLMIO_BLOCKED_DOMAINS_URL",
        default="",
        help=(
            "A hosts file (such as one of StevenBlack's lists) that is fetched each month: nobody signs up with an address "
            "in one of its domains. Empty fetches nothing."
        ),
    ),
)
