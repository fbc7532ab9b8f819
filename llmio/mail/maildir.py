"""The Maildir that the mail sink of a development site fills."""

from __future__ import annotations

import mailbox
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmio.core.errors import NotFound
from llmio.core.i18n import _

if TYPE_CHECKING:
    from llmio.core.settings import Settings

SHOWN = 100
KEY = re.compile(r"[A-Za-z0-9._=,+-]{1,255}")


@dataclass(frozen=True)
class KeptMail:
    """One mail of the folder."""

    key: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.message.get("Subject", ""))

    @property
    def sender(self) -> str:
        """Who it says it comes from."""
        return str(self.message.get("From", ""))

    @property
    def to(self) -> str:
        """Who it is for."""
        return str(self.message.get("To", ""))

    @property
    def date(self) -> datetime:
        """When it was sent; when it came, where it does not say."""
        try:
            return parsedate_to_datetime(str(self.message.get("Date", ""))).astimezone(UTC)
        except ValueError:
            return datetime.fromtimestamp(float(self.key.split(".", 1)[0] or 0), UTC)

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Its headers, as they came."""
        return [(name, str(value)) for name, value in self.message.items()]

    def _part(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        if part is None:
            return ""
        try:
            return str(part.get_content())
        except (LookupError, ValueError):  # an unknown charset
            return bytes(part.get_payload(decode=True) or b"").decode("utf-8", "replace")

    @property
    def text(self) -> str:
        """The part in plain text."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The part in HTML."""
        return self._part("html")

    @property
    def attachments(self) -> list[str]:
        """Names of what is attached."""
        return [part.get_filename() or part.get_content_type() for part in self.message.iter_attachments()]


def folder_of(settings: Settings) -> Path:
    """Where the mails are."""
    given = settings.text("mail.dev_folder")
    return Path(given) if given else Path(settings.text("llmio.data")) / "mail"


def _open(settings: Settings) -> mailbox.Maildir | None:
    folder = folder_of(settings)
    if not all((folder / inner).is_dir() for inner in ("new", "cur", "tmp")):
        return None
    return mailbox.Maildir(folder, create=False)


def newest(settings: Settings, limit: int = SHOWN) -> list[KeptMail]:
    """The newest mails first; a key begins with the time of arrival."""
    box = _open(settings)
    if box is None:
        return []
    keys = sorted(box.keys(), key=_arrival, reverse=True)[:limit]
    return [found for key in keys if (found := _read(box, key)) is not None]


def _arrival(key: str) -> tuple[float, str]:
    seconds, _dot, rest = key.partition(".")
    micro = re.match(r"M(\d+)", rest)
    try:
        return float(seconds) + (int(micro[1]) / 1e6 if micro else 0.0), key
    except ValueError:
        return 0.0, key


def _read(box: mailbox.Maildir, key: str) -> KeptMail | None:
    try:
        content = box.get_bytes(key)
    except (KeyError, OSError):
        return None
    message = message_from_bytes(content, policy=policy.default)
    return KeptMail(key, message) if isinstance(message, EmailMessage) else None


def mail_of(request: Any) -> KeptMail:
    """`/dev/mail/{key}` → the mail, or 404."""
    key = request.matchdict["key"]
    box = _open(request.app.settings) if KEY.fullmatch(key) else None
    found = _read(box, key) if box is not None else None
    if found is None:
        raise NotFound(_("This mail is not kept any more."))
    return found
