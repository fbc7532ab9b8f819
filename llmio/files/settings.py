"""What an operator may set about files."""

from __future__ import annotations

from llmio.core.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "files.storage",
        "ACTIVE_STORAGE_SERVICE",
        default="",
        help="Storage for new files (local, test, amazon, digitalocean, google, s3_compatible, or one that a plugin "
        "brings); empty: amazon where AWS_BUCKET is set, else local. Old files are read from the storage that has them.",
    ),
    Setting(
        "files.max_bytes",
        "MAX_ATTACHMENT_BYTES",
        "int",
        100 * 1024 * 1024,
        "Largest file that may be uploaded, in bytes.",
        within=(1, 10000000000000),
    ),
)
