"""The Mailer port over SMTP: one connection per thread, kept for a while; passing faults told from permanent ones."""

from __future__ import annotations

import logging
import os
import smtplib
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmio.core.ports import Receipt
from llmio.mail.addresses import host_of
from llmio.mail.message import build

if TYPE_CHECKING:
    from email.message import EmailMessage

    from llmio.core.ports import Clock, Mail
    from llmio.core.settings import Settings

log = logging.getLogger(__name__)
IDLE_SECONDS = 30.0
MAILS_PER_CONNECTION = 100
PERMANENT = 500


@dataclass
class Line:
    """An open connection of one thread."""

    smtp: smtplib.SMTP
    pid: int
    used: float
    sent: int = 0

    @property
    def worn(self) -> bool:
        """Whether another one should be opened: idle for long, much used, or of the process we were forked from."""
        return (
            self.pid != os.getpid() or self.sent >= MAILS_PER_CONNECTION or time.monotonic() - self.used > IDLE_SECONDS
        )


class SmtpMailer:
    """Hands mails to the operator's mail server."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._local = threading.local()

    def send(self, mail: Mail) -> Receipt:
        """Send; never raises for what the server or the network does."""
        if not self._settings.text("mail.server"):
            return Receipt(ok=False, answer="no mail server is configured: set SMTP_SERVER")
        try:
            message = build(mail, self._clock.now())
        except (ValueError, UnicodeError) as error:
            return Receipt(ok=False, answer=f"not a mail: {error}", permanent=True)
        try:
            return self._hand_over(message, mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = next(iter(error.recipients.values()), (0, b""))
            return self._refused(code, answer)
        except smtplib.SMTPAuthenticationError as error:
            self._close()
            return Receipt(
                ok=False, answer=f"the mail server does not let us in: {_words(error.smtp_code, error.smtp_error)}"
            )
        except smtplib.SMTPResponseException as error:
            return self._refused(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            return Receipt(ok=False, answer=f"the mail server cannot be reached: {error}")

    def _hand_over(self, message: EmailMessage, mail: Mail) -> Receipt:
        line = self._line()
        smtp = line.smtp
        smtp.send_message(message, mail.sender[1], [mail.to[1]])
        line.used = time.monotonic()
        line.sent += 1
        return Receipt(ok=True, answer="accepted")

    def _refused(self, code: int, answer: bytes | str) -> Receipt:
        """A 5xx is the server's last word, all else may change."""
        self._close()
        return Receipt(ok=False, answer=_words(code, answer), permanent=code >= PERMANENT)

    def _line(self) -> Line:
        line: Line | None = getattr(self._local, "line", None)
        if line is not None and not line.worn and self._answers(line):
            return line
        self._close()
        line = Line(self._open(), os.getpid(), time.monotonic())
        self._local.line = line
        return line

    def _answers(self, line: Line) -> bool:
        """Asked before a kept connection is used: a mail sent into a dead one may or may not have arrived."""
        try:
            return line.smtp.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def _open(self) -> smtplib.SMTP:
        settings = self._settings
        host, user = settings.text("mail.server"), settings.text("mail.username")
        timeout = float(settings["mail.timeout"])
        implicit = settings.on("mail.ssl")
        port = settings["mail.port"] or (465 if implicit else 587 if user else 25)
        smtp: smtplib.SMTP
        if implicit:
            smtp = smtplib.SMTP_SSL(host, port, host_of(settings), timeout=timeout, context=self._tls())
        else:
            smtp = smtplib.SMTP(host, port, host_of(settings), timeout=timeout)
        try:
            smtp.ehlo_or_helo_if_needed()
            if not implicit and smtp.has_extn("starttls"):
                smtp.starttls(context=self._tls())
                smtp.ehlo()
            self._sign_in(smtp, user)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _sign_in(self, smtp: smtplib.SMTP, user: str) -> None:
        auth = self._settings.text("mail.auth")
        if not user or auth == "none":
            return
        if auth:  # smtplib takes the best of what is offered; offer it the configured one alone
            smtp.esmtp_features["auth"] = auth.replace("_", "-").upper()
        smtp.login(user, self._settings.text("mail.password"))

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._settings["mail.ssl_verify"] == "none":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def _close(self) -> None:
        line: Line | None = getattr(self._local, "line", None)
        self._local.line = None
        if line is None:
            return
        if line.pid == os.getpid() and not line.worn:
            with suppress(smtplib.SMTPException, OSError):
                line.smtp.quit()
        line.smtp.close()


def _words(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {' '.join(text.split())}".strip()[:500]
