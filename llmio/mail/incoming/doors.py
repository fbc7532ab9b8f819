"""The doors of a mail server in front of us: raw mail as Action Mailbox's relay takes it, and the older JSON of mailin."""

from __future__ import annotations

import base64
import binascii
import hmac
from ipaddress import ip_address
from typing import Any

from pyramid.response import Response
from pyramid.view import view_config

from llmio.core.permissions import Permission
from llmio.mail.incoming import keeping, mailin
from llmio.mail.incoming.jobs import route_mail

USER = "actionmailbox"
AROUND = 1.5
"""What base64 and JSON add to a mail, at most."""


@view_config(route_name="mail.relay", request_method="POST", permission=Permission.PUBLIC, require_csrf=False)
def relay(context: Any, request: Any) -> Response:
    """Take one raw mail; 204 once it is kept. A mail whose id came before is taken too, and acts no second time."""
    if not knows_password(request):
        return refused()
    limit = request.app.settings.number("mail.inbound_max_bytes")
    if (request.content_length or 0) > limit:
        raise keeping.too_large(limit)
    if not request.content_length and not request.environ.get("HTTP_TRANSFER_ENCODING"):
        return Response("There is no mail in this request.", status=400, content_type="text/plain")
    with keeping.spool(request.body_file_raw, limit) as mail:
        keeping.take(request.ctx, mail, route_mail, door="relay")
    return Response(status=204)


@view_config(route_name="mail.processor", request_method="POST", permission=Permission.PUBLIC, require_csrf=False)
def processor(context: Any, request: Any) -> Response:
    """Take one mail as mailin posts it: JSON and files; from this network, or with the password."""
    if not (knows_password(request) or all(map(is_near, way_of(request)))):
        return refused()
    limit = request.app.settings.number("mail.inbound_max_bytes")
    most = int(limit * AROUND)
    if (request.content_length or 0) > most:
        raise keeping.too_large(limit)
    try:
        with mailin.form_of(request, most) as form, keeping.spooled() as mail:
            posted = mailin.read(form)
            mailin.write(posted, mail)
            mail.seek(0)
            keeping.take(
                request.ctx, mail, route_mail, door="processor", recipients=posted.recipients, checks=posted.checks
            )
    except mailin.NoMail as error:
        return Response(str(error), status=422, content_type="text/plain")
    return Response("ok", content_type="text/plain")


def knows_password(request: Any) -> bool:
    """Whether the request has the user and password of the door; never without a password set."""
    wanted = request.app.settings.text("mail.inbound_password")
    scheme, _space, value = request.headers.get("Authorization", "").partition(" ")
    if not wanted or scheme.lower() != "basic":
        return False
    try:
        given = base64.b64decode(value.strip(), validate=True)
    except binascii.Error:
        return False
    return hmac.compare_digest(given, f"{USER}:{wanted}".encode())


def way_of(request: Any) -> list[str]:
    """Every address that a request is said to have come by: whoever is far away can name a near one, but not them all."""
    forwarded = request.headers.get("X-Forwarded-For", "")
    named = [one.strip() for one in forwarded.split(",")] if forwarded else []
    return [str(request.environ.get("REMOTE_ADDR") or ""), request.client_ip, *named]


def is_near(address: str) -> bool:
    """Whether an address is on this machine or its network; a test's browser has none."""
    try:
        return not address or ip_address(address).is_private
    except ValueError:
        return False


def refused() -> Response:
    """401, asking for the password."""
    return Response(
        "User or password is wrong.",
        status=401,
        content_type="text/plain",
        headers={"WWW-Authenticate": 'Basic realm="Incoming mail"'},
    )
