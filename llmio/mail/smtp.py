"""The Mailer port over SMTP: a few kept connections for all threads; passing faults told from permanent ones."""

from __future__ import annotations

import ipaddress
import os
import smtplib
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from llmio.core.measures import measures
from llmio.core.ports import Receipt
from llmio.mail.addresses import host_of
from llmio.mail.message import build, spooled
from llmio.mail.talk import EncryptedTalk, Listen, Talk, speaks_of_address, words

if TYPE_CHECKING:
    from email.message import EmailMessage

    from llmio.core.ports import Clock, Mail
    from llmio.core.settings import Settings

IDLE_SECONDS = 30.0
MAILS_PER_CONNECTION = 100
PERMANENT = 500
NOT_LET_IN = frozenset({530, 534, 535, 538})
"""Codes that ask us to sign in or to encrypt (RFC 4954): the operator mends that, and no mail should be lost meanwhile."""


class Refusal(Exception):
    """We do not go on, for a reason of ours; the text is for administrators."""


BEFORE: Mapping[type[Exception], str] = {
    Refusal: "",
    smtplib.SMTPAuthenticationError: "the mail server does not let us in: ",
    smtplib.SMTPResponseException: "",
    smtplib.SMTPServerDisconnected: "the mail server hung up, or did not answer in time: ",
    smtplib.SMTPNotSupportedError: "the mail server offers no way to sign in or to take this address: ",
}
"""What stands before the words of an error: the first kind that it is."""


class Unsayable(Refusal):
    """The user or the password cannot be said to a mail server."""


@dataclass
class Line:
    """An open connection."""

    smtp: Talk
    pid: int
    used: float
    sent: int = 0

    @property
    def worn(self) -> bool:
        """Whether another one should be opened: idle for long, much used, or of the process we were forked from."""
        return (
            self.pid != os.getpid() or self.sent >= MAILS_PER_CONNECTION or time.monotonic() - self.used > IDLE_SECONDS
        )

    def answers(self) -> bool:
        """Asked before a kept connection is used: a mail sent into a dead one may or may not have arrived."""
        try:
            return self.smtp.noop()[0] == 250
        except (smtplib.SMTPException, OSError):
            return False

    def close(self) -> None:
        """Take leave where somebody may listen, and close."""
        if self.pid == os.getpid() and not self.worn:
            with suppress(smtplib.SMTPException, OSError):
                self.smtp.quit()
        self.smtp.close()


class SmtpMailer:
    """Hands mails to the operator's mail server; `listen` is told what is said on the line."""

    def __init__(self, settings: Settings, clock: Clock, listen: Listen | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._listen = listen
        self._idle: list[Line] = []
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(max(1, settings.number("mail.connections")))

    def send(self, mail: Mail) -> Receipt:
        """Send; never raises for what the server or the network does."""
        receipt = self._send(mail)
        measures.count("llmio_mails", "sent" if receipt.ok else "refused" if receipt.permanent else "delayed")
        return receipt

    def _send(self, mail: Mail) -> Receipt:
        if not self._settings.text("mail.server"):
            return Receipt(ok=False, answer="no mail server is configured: set SMTP_SERVER")
        try:
            message = build(mail, self._clock.now())
        except (ValueError, UnicodeError) as error:
            return Receipt(ok=False, answer=f"not a mail: {error}", permanent=True)
        try:
            return self._hand_over(message, mail)
        except (smtplib.SMTPException, OSError, Refusal) as error:
            return _receipt_of(error)

    def greet(self) -> bool:
        """Connect, sign in and take leave, as before a mail; whether the line is encrypted.

        Raises what went wrong: an SMTPException, OSError (ssl.SSLError among them), or Refusal where it is we who do not go on.
        """
        smtp = self._open()
        encrypted = isinstance(smtp.sock, ssl.SSLSocket)
        with suppress(smtplib.SMTPException, OSError):
            smtp.quit()
        smtp.close()
        return encrypted

    def close(self) -> None:
        """Close the kept connections."""
        with self._lock:
            lines, self._idle = self._idle, []
        for line in lines:
            line.close()

    def _hand_over(self, message: EmailMessage, mail: Mail) -> Receipt:
        if mail.files:
            with spooled(message, mail) as whole, self._line() as line:
                line.smtp.send_file(whole, mail.sender[1], mail.to[1])
                return Receipt(ok=True, answer=line.smtp.answered)
        with self._line() as line:
            line.smtp.send_message(message, mail.sender[1], [mail.to[1]])
            return Receipt(ok=True, answer=line.smtp.answered)

    @contextmanager
    def _line(self) -> Iterator[Line]:
        """A connection of one's own for a while: the one used last, or a new one; kept afterwards if it is well.

        After a refusal of one recipient or mail smtplib resets the line; what else goes wrong ends it.
        """
        if not self._places.acquire(timeout=float(self._settings["mail.timeout"])):
            raise Refusal("all connections to the mail server are busy")
        line: Line | None = None
        try:
            line = self._kept() or Line(self._open(), os.getpid(), time.monotonic())
            yield line
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError):
            self._keep(line)
            raise
        except BaseException as error:
            if line is not None:
                line.smtp.tell("*", f"ended: {_in_words(error)}")
                line.smtp.close()
            raise
        else:
            self._keep(line)
        finally:
            self._places.release()

    def _kept(self) -> Line | None:
        while True:
            with self._lock:
                line = self._idle.pop() if self._idle else None
            if line is None or (not line.worn and line.answers()):
                return line
            line.close()

    def _keep(self, line: Line | None) -> None:
        if line is None:
            return
        line.used = time.monotonic()
        line.sent += 1
        if line.worn or line.smtp.sock is None:
            line.close()
            return
        with self._lock:
            self._idle.append(line)

    def _open(self) -> Talk:
        settings = self._settings
        host, user = settings.text("mail.server"), settings.text("mail.username")
        timeout = float(settings["mail.timeout"])
        implicit = settings.on("mail.ssl")
        port = settings["mail.port"] or (465 if implicit else 587 if user else 25)
        smtp: Talk
        if implicit:
            smtp = EncryptedTalk(local_hostname=host_of(settings), timeout=timeout, context=self._tls())
        else:
            smtp = Talk(local_hostname=host_of(settings), timeout=timeout)
        vars(smtp)["_host"] = host  # the name to prove; smtplib sets it only where it connects at once, unheard
        smtp.listen = self._listen
        smtp.tell("*", f"connecting to {host}, port {port}{', encrypted' if implicit else ''}")
        try:
            _connect(smtp, host, port)
            if not implicit and smtp.has_extn("starttls"):
                smtp.starttls(context=self._tls())
                smtp.ehlo()
            self._tell_of_tls(smtp)
            self._sign_in(smtp, user)
        except BaseException as error:
            smtp.tell("*", f"ended: {_in_words(error)}")
            smtp.close()
            raise
        return smtp

    def _tell_of_tls(self, smtp: Talk) -> None:
        if not isinstance(smtp.sock, ssl.SSLSocket):
            smtp.tell("*", "not encrypted: the server does not offer STARTTLS")
            return
        proof = "not asked for its certificate" if self._trusting else "its certificate is good"
        smtp.tell("*", f"encrypted ({smtp.sock.version()}); {proof}")

    def _sign_in(self, smtp: Talk, user: str) -> None:
        auth = self._settings.text("mail.auth")
        if not user or auth == "none":
            return
        if not isinstance(smtp.sock, ssl.SSLSocket) and not self._trusting and not _is_loopback(smtp):
            raise Refusal(
                "the mail server offers no encryption, so the password was not sent; SMTP_SSL_VERIFY_MODE=none allows it"
            )
        if auth:  # smtplib takes the best of what is offered; offer it the configured one alone
            smtp.esmtp_features["auth"] = auth.replace("_", "-").upper()
        smtp.secret = True
        try:
            smtp.login(user, self._settings.text("mail.password"))
        except UnicodeError:
            raise Unsayable("SMTP_USERNAME or SMTP_PASSWORD has signs beyond ASCII, which cannot be sent") from None
        finally:
            smtp.secret = False

    @property
    def _trusting(self) -> bool:
        return self._settings.text("mail.ssl_verify") == "none"

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self._trusting:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _receipt_of(error: Exception) -> Receipt:
    """What went wrong, for the log; for good only where it is about this mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()), (0, b""))
        said, final = words(code, answer), _is_final(code)
        return Receipt(ok=False, answer=said, permanent=final, bounced=final and speaks_of_address(said))
    if isinstance(error, (smtplib.SMTPSenderRefused, smtplib.SMTPDataError)):
        return Receipt(ok=False, answer=_in_words(error), permanent=_is_final(error.smtp_code))
    before = next(
        (text for kind, text in BEFORE.items() if isinstance(error, kind)), "the mail server cannot be reached: "
    )
    return Receipt(ok=False, answer=f"{before}{_in_words(error)}")


def _in_words(error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return words(error.smtp_code, error.smtp_error)
    return str(error)


def _is_final(code: int) -> bool:
    return code >= PERMANENT and code not in NOT_LET_IN


def _connect(smtp: Talk, host: str, port: int) -> None:
    code, answer = smtp.connect(host, port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, answer)
    smtp.ehlo_or_helo_if_needed()


def _is_loopback(smtp: Talk) -> bool:
    address = smtp.sock.getpeername()[0] if smtp.sock is not None else ""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
