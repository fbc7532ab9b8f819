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
        within=(0, 3650),
    ),
    Setting(
        "discussions.discarded_days",
        "LLMIO_DISCARDED_DAYS",
        "int",
        default=0,
        help="Days after which a thread that was taken away is destroyed for good; 0 keeps it for ever.",
        within=(0, 36500),
    ),
    Setting(
        "backups.nightly",
        "LLMIO_BACKUP_NIGHTLY",
        "choice",
        default="off",
        choices=("off", "make", "prove"),
        help=(
            "What the worker does each night: `make` an archive of database and files and prove it by restoring it aside; `prove` the "
            "newest one in the folder, which another program made; `off` neither."
        ),
    ),
    Setting(
        "backups.folder",
        "LLMIO_BACKUP_FOLDER",
        help="Folder of the archives, or of another program's dumps; empty: `backups` in the data folder.",
    ),
    Setting("backups.files", "LLMIO_BACKUP_FILES", "bool", default=True, help="Whether files are in nightly archives."),
    *(
        Setting(
            f"backups.keep_{each}",
            f"LLMIO_BACKUP_KEEP_{each.upper()}",
            "int",
            default=number,
            within=(0, 10_000),
            help=f"Of how many {each} the newest archive is kept.",
        )
        for each, number in (("days", 7), ("weeks", 4), ("months", 6))
    ),
    Setting(
        "accounts.blocked_domains_url",
        "LLMIO_BLOCKED_DOMAINS_URL",
        default="",
        help=(
            "A hosts file (such as one of StevenBlack's lists) that is fetched each month: nobody signs up with an address "
            "in one of its domains. Empty fetches nothing. One of your own network needs LLMIO_WEBHOOKS_ALLOW_NETWORKS."
        ),
        like="link",
    ),
)
