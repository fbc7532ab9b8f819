"""/dev/mail: what a development site would have sent."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape
from pyramid.response import Response
from pyramid.view import view_config

from llmio.core.permissions import Permission
from llmio.mail import maildir
from llmio.mail.links import linked
from llmio.mail.maildir import KeptMail

TEMPLATES = "llmio:web/templates/dev"
FRAME_POLICY = (
    "sandbox allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data: https:; font-src 'self' data:; frame-ancestors 'self'"
)


@view_config(route_name="mail.list", renderer=f"{TEMPLATES}/mails.jinja2", permission=Permission.PUBLIC)
def mails(_context: Any, request: Any) -> dict[str, Any]:
    """The newest mails."""
    settings = request.app.settings
    return {"mails": maildir.newest(settings), "folder": str(maildir.folder_of(settings)), "shown": maildir.SHOWN}


@view_config(route_name="mail.show", renderer=f"{TEMPLATES}/mail.jinja2", permission=Permission.PUBLIC)
def mail(context: KeptMail, request: Any) -> dict[str, Any]:
    """One mail: as HTML in a frame, as text, and its headers."""
    wanted = request.params.get("as", "")
    shown = wanted if wanted in ("text", "headers") else "html" if context.html else "text"
    return {"mail": context, "shown": shown, "text": linked(context.text)}


@view_config(route_name="mail.html", permission=Permission.PUBLIC)
def mail_html(context: KeptMail, _request: Any) -> Response:
    """The HTML part alone; nothing in it runs, and its links lead the whole page on."""
    page = context.html or str(Markup("<pre>{}</pre>").format(escape(context.text)))
    framed = page.replace("<head>", '<head><base target="_top">', 1)
    if framed == page:
        framed = f'<base target="_top">{page}'
    response = Response(framed, content_type="text/html", charset="utf-8")
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    return response


@view_config(route_name="mail.source", permission=Permission.PUBLIC)
def mail_source(context: KeptMail, _request: Any) -> Response:
    """The mail as it came."""
    return Response(context.message.as_bytes(), content_type="text/plain", charset="utf-8")
