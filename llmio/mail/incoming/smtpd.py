"""The built-in SMTP server: takes mail for our hosts alone, and says 250 only once it is kept."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import Counter
from email.utils import format_datetime
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy.exc import SQLAlchemyError

from llmio.core.errors import Unavailable
from llmio.mail.addresses import host_of, one_line
from llmio.mail.incoming import keeping, mime, proof
from llmio.mail.incoming.addresses import hosts_of, is_ours
from llmio.mail.incoming.dns import DnsResolver, Resolver
from llmio.mail.incoming.jobs import route_mail

if TYPE_CHECKING:
    from llmio.core.app import App

log = logging.getLogger(__name__)
MOST_RECIPIENTS = 100
MOST_HOPS = 50
BACKLOG = 100
AT_ONCE = 4
"""Mails that are checked and stored at the same time."""
MOST_CONNECTIONS, MOST_OF_ONE_ADDRESS = 500, 50
IDENT = "llmio"
LATER = "451 4.3.0 This mail cannot be kept just now, please try again later"


class Server(SMTP):
    """aiosmtpd's server with the text of a mail on disk rather than in memory, and lines of any length."""

    _place: str | None = None
    _one_too_many = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a place, unless its client has many already: whoever comes to hold connections leaves room for others."""
        if self._place is None:
            self._place = str((transport.get_extra_info("peername") or ("",))[0])
            lines = self.event_handler.lines
            lines[self._place] += 1
            self._one_too_many = lines[self._place] > MOST_OF_ONE_ADDRESS or lines.total() > MOST_CONNECTIONS
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Give the place back."""
        if self._place is not None:
            self.event_handler.lines[self._place] -= 1
            self.event_handler.lines += Counter()  # forgets who has none
            self._place = None
        super().connection_lost(error)

    async def _handle_client(self) -> None:
        if self._one_too_many:
            await self.push("421 4.7.0 Too many connections, please try again later")
            self._writer.close()
            return
        await super()._handle_client()

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802  # the library finds commands by these names
        """Take the text of a mail."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 Error: need RCPT command")
            return
        if arg:
            await self.push("501 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        with keeping.spooled() as kept:
            size = await self._take(kept)
            kept.seek(0)
            if self.data_size_limit and size > self.data_size_limit:
                answer = f"552 5.3.4 This mail is too large: at most {self.data_size_limit >> 20} MB"
            else:
                answer = await self.event_handler.keep(self.session, self.envelope, kept)
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # the library's
        await self.push(answer)

    async def _take(self, kept: IO[bytes]) -> int:
        """Write lines until the one with a dot alone; what is beyond the limit is read and thrown away."""
        size, fresh = 0, True
        while True:
            try:
                line = await self._reader.readuntil(b"\r\n")
            except asyncio.LimitOverrunError as overrun:
                line = await self._reader.readexactly(max(overrun.consumed, 1))
            except (asyncio.CancelledError, asyncio.IncompleteReadError):
                # The other side went away: without its dot there is no mail.
                self._writer.close()
                raise asyncio.CancelledError from None
            if fresh and line == b".\r\n":
                return size
            if fresh and line.startswith(b"."):
                line = line[1:]
            fresh = line.endswith(b"\r\n")
            if (size + len(line)) >> 20 > size >> 20:
                self._reset_timeout()  # whoever sends on is not gone
            size += len(line)
            if not self.data_size_limit or size <= self.data_size_limit:
                kept.write(line)


class Handler:
    """What the server asks of us."""

    def __init__(self, app: App, resolver: Resolver) -> None:
        self._app = app
        self._resolver = resolver
        self._hosts = hosts_of(app.settings)
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.lines: Counter[str] = Counter()
        """Open connections by the address that they come from."""

    async def handle_RCPT(  # noqa: N802  # the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Our hosts alone: we pass nothing on."""
        if not is_ours(address, self._hosts):
            return "550 5.7.1 This server takes no mail for that address"
        if not address.isprintable():
            return "553 5.1.3 This is no address"
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def keep(self, session: Session, envelope: Envelope, mail: IO[bytes]) -> str:
        """Check and store in a thread; the answer to the client."""
        async with self._turns:
            return await asyncio.get_running_loop().run_in_executor(None, self._keep, session, envelope, mail)

    async def handle_exception(self, error: Exception) -> str:
        """Whatever else goes wrong is ours, and no reason to refuse a mail for good."""
        log.error("a mail was put off", exc_info=error)
        return LATER

    def _keep(self, session: Session, envelope: Envelope, mail: IO[bytes]) -> str:
        try:
            hops = mime.read_headers(mail).get_all("received") or []
            if len(hops) > MOST_HOPS:
                return "554 5.4.6 This mail goes round in circles"
            found = proof.check(mail, _envelope(session, envelope), self._resolver)
            mail.seek(0)
            with keeping.spooled() as whole:
                self._stamp(session, envelope, whole)
                while piece := mail.read(keeping.PIECE):
                    whole.write(piece)
                whole.seek(0)
                with self._app.begin() as ctx:
                    keeping.take(ctx, whole, route_mail, door="smtp", recipients=list(envelope.rcpt_tos), checks=found)
        except SQLAlchemyError as error:
            log.warning("a mail was put off, since the database does not take it: %s", error)
            return LATER
        return "250 2.0.0 Kept"

    def _stamp(self, session: Session, envelope: Envelope, whole: IO[bytes]) -> None:
        now = format_datetime(self._app.ports.clock.now())
        way = "ESMTPS" if session.ssl else "ESMTP" if session.extended_smtp else "SMTP"
        peer, helo = one_line(_ip(session)), one_line(session.host_name or "", 255)
        lines = (
            f"Return-Path: <{one_line(envelope.mail_from or '')}>",
            f"Received: from {helo} ([{peer}]) by {host_of(self._app.settings)} with {way}; {now}",
        )
        whole.write("".join(f"{line}\r\n" for line in lines).encode("utf-8", "replace"))


def _ip(session: Session) -> str:
    peer = session.peer
    text = str(peer[0]) if isinstance(peer, tuple) and peer else ""
    return text.removeprefix("::ffff:")


def _envelope(session: Session, envelope: Envelope) -> proof.Envelope:
    return proof.Envelope(_ip(session), session.host_name or "", envelope.mail_from or "")


def tls_context(certificate: str, key: str) -> ssl.SSLContext | None:
    """For STARTTLS, where the operator gave a certificate; Unavailable where it cannot be used."""
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key or None)
    except (OSError, ssl.SSLError) as error:
        raise Unavailable(f"the certificate {certificate} cannot be used: {error}") from error
    return context


def made(app: App, resolver: Resolver | None = None) -> Any:
    """What makes a protocol for each connection. Raises Unavailable for settings that cannot work."""
    settings = app.settings
    if not hosts_of(settings):
        raise Unavailable("REPLY_HOSTNAME is not set: there is no host to take mail for")
    handler = Handler(app, resolver or DnsResolver(settings["mail.dns_servers"]))
    context = tls_context(settings.text("mail.smtpd_certificate"), settings.text("mail.smtpd_key"))
    # `handle_DATA` of the library is never reached: `smtp_DATA` is ours.
    return partial(
        Server,
        handler,
        data_size_limit=settings.number("mail.inbound_max_bytes"),
        enable_SMTPUTF8=True,
        hostname=settings.text("mail.reply_host") or host_of(settings),
        ident=IDENT,
        tls_context=context,
        timeout=120,
    )


async def listen(app: App, host: str, port: int, resolver: Resolver | None = None) -> asyncio.Server:
    """Open the port."""
    factory = made(app, resolver)
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(partial(factory, loop=loop), host or None, port, backlog=BACKLOG)
    except OSError as error:
        raise Unavailable(f"port {port} cannot be used: {error.strerror or error}") from error
