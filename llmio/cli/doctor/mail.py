"""The mail server: reached, encrypted, lets us in. No mail is sent."""

from __future__ import annotations

import ipaddress
import smtplib
import socket
import ssl
from collections.abc import Iterator

from llmio.cli.doctor.findings import Finding, first_line, found
from llmio.cli.doctor.site import Site
from llmio.mail.smtp import Refusal, SmtpMailer, Unsayable
from llmio.mail.talk import words


def check(site: Site) -> Iterator[Finding]:
    """Connect and sign in, as before a mail."""
    settings = site.app.settings
    server = settings.text("mail.server")
    if not server:
        if site.in_production:
            yield found("mail.unset", "SMTP_SERVER is not set")
        return
    lines: list[str] = []
    try:
        encrypted = SmtpMailer(settings, site.app.ports.clock, lines.append).greet()
    except (smtplib.SMTPException, OSError, Refusal) as error:
        yield _told(error, lines)
        return
    if not encrypted and (settings.text("mail.username") or not is_own(server)):
        yield found("mail.tls", f"{server} offers no STARTTLS, and SMTP_USE_SSL is not set")


def _told(error: Exception, lines: list[str]) -> Finding:
    if isinstance(error, Unsayable):
        return found("mail.login", error)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return found("mail.login", words(error.smtp_code, error.smtp_error))
    if isinstance(error, Refusal):
        return found("mail.tls", error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return found("mail.certificate", error.verify_message or first_line(error))
    if isinstance(error, smtplib.SMTPResponseException):
        return found("mail.refused", words(error.smtp_code, error.smtp_error))
    if isinstance(error, smtplib.SMTPException) and any(line.startswith("S ") for line in lines):
        return found("mail.refused", first_line(error))
    return found("mail.unreachable", f"{lines[0].lstrip('* ') if lines else ''}: {first_line(error)}")


def is_own(server: str) -> bool:
    """Whether a server is this machine: nobody listens on the way."""
    try:
        return all(ipaddress.ip_address(one[4][0]).is_loopback for one in socket.getaddrinfo(server, None))
    except (OSError, ValueError):
        return False
