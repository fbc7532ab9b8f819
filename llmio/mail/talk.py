"""smtplib's client, which tells what is said on the line, but no secrets, and keeps the server's last answer."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable
from contextlib import suppress
from io import SEEK_END
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Listen = Callable[[str], None]
MASK = "••••••"
LONGEST = 300
PIECE = 1 << 17
ENHANCED = re.compile(r"^\s*([245]\.\d{1,3}\.\d{1,3})\b")
BAD_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""Enhanced codes (RFC 3463) that speak of the address: unknown, bad, moved away, no mail for its host, disabled."""
NOBODY = re.compile(
    r"(user|mailbox|recipient|address|account)\b.{0,40}\b(unknown|not found|does not exist|doesn't exist|invalid"
    r"|disabled|not exist)|(no such|unknown|invalid|non-?existent) (user|mailbox|recipient|address|account|person)",
    re.IGNORECASE,
)


class Talk(smtplib.SMTP):
    """A line in the clear, perhaps encrypted by STARTTLS later."""

    listen: Listen | None = None
    secret = False
    answered = ""
    """The server's last answer."""

    def tell(self, mark: str, text: str) -> None:
        """Pass a line on: `C` said by us, `S` by the server, `*` about the line itself."""
        if self.listen is not None:
            for line in text.splitlines() or [""]:
                self.listen(f"{mark} {line[:LONGEST]}")

    def said(self, text: str | ReadableBuffer) -> None:
        """We are about to say something."""
        if self.listen is None:
            return
        if isinstance(text, str):
            self.tell("C", self._masked(text.rstrip("\r\n")))
        else:
            self.tell("C", f"({len(memoryview(text))} bytes of mail, and a full stop)")

    def _masked(self, line: str) -> str:
        """What we say while signing in, without what only we and the server should know."""
        if not self.secret:
            return line
        verb, *rest = line.split(" ")
        if verb.upper() != "AUTH":
            return MASK
        return " ".join([verb, *rest[:1], *([MASK] if len(rest) > 1 else [])])

    def heard(self, code: int, answer: bytes) -> None:
        """The server said something."""
        self.answered = words(code, answer)
        if self.listen is None:
            return
        text = answer.decode("utf-8", "replace")
        for line in text.splitlines() or [""]:
            self.tell("S", f"{code} {line}")

    def send(self, s: str | ReadableBuffer) -> None:
        """Say it, and tell."""
        self.said(s)
        super().send(s)

    def send_file(self, whole: IO[bytes], sender: str, recipient: str) -> None:
        """A mail with CRLF lines out of a file, a piece at a time; raises what `send_message` raises."""
        self.ehlo_or_helo_if_needed()
        options = []
        if self.has_extn("size"):
            options.append(f"size={whole.seek(0, SEEK_END)}")
        if not (sender + recipient).isascii():
            if not self.has_extn("smtputf8"):
                raise smtplib.SMTPNotSupportedError("The mail server takes no addresses beyond ASCII.")
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        code, answer = self.mail(sender, options)
        if code != 250:
            self._begin_again()
            raise smtplib.SMTPSenderRefused(code, answer, sender)
        code, answer = self.rcpt(recipient)
        if code not in (250, 251):
            self._begin_again()
            raise smtplib.SMTPRecipientsRefused({recipient: (code, answer)})
        code, answer = self.docmd("DATA")
        if code == 354:
            self._pour(whole)
            code, answer = self.getreply()
        if code != 250:
            self._begin_again()
            raise smtplib.SMTPDataError(code, answer)

    def _pour(self, whole: IO[bytes]) -> None:
        """Lines that begin with a full stop get another one (RFC 5321, 4.5.2)."""
        whole.seek(0)
        while lines := whole.readlines(PIECE):
            self.send(b"".join(b"." + line if line.startswith(b".") else line for line in lines))
        self.send(b".\r\n")

    def _begin_again(self) -> None:
        with suppress(smtplib.SMTPServerDisconnected):
            self.rset()

    def getreply(self) -> tuple[int, bytes]:
        """Hear it, and tell."""
        code, answer = super().getreply()
        self.heard(code, answer)
        return code, answer


class EncryptedTalk(Talk, smtplib.SMTP_SSL):
    """A line that is encrypted from the first byte."""


def words(code: int, answer: bytes | str) -> str:
    """An answer on one line."""
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code if code > 0 else '(no SMTP)'} {' '.join(text.split())}".strip()[:500]


def speaks_of_address(answer: str) -> bool:
    """Whether a refusal for good is about the address and not about us, our mail or the server's policy.

    Read narrowly: an address taken for dead by mistake loses its mail, one that is not is merely refused again.
    """
    text = answer[3:] if answer[:3].isdigit() else answer
    enhanced = ENHANCED.match(text)
    if enhanced:
        return enhanced[1] in BAD_ADDRESS
    return answer[:3] in ("550", "551", "553") and NOBODY.search(text) is not None
