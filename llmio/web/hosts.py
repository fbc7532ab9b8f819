"""By which names the site is asked: its own, those the operator declared, and in development those of the house.

A name that anybody may invent would otherwise get into links and caches, and a page elsewhere could reach a site in a private
network by a name of its own that leads there (DNS rebinding).
"""

from __future__ import annotations

import logging
import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final

from pyramid.response import Response

from llmio.core.urls import site_url

if TYPE_CHECKING:
    from llmio.core.settings import Settings

log = logging.getLogger(__name__)
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)\.?(?::[0-9]{1,5})?")
AT_HOME: Final = (".local", ".lan", ".home", ".home.arpa", ".internal", ".localdomain", ".test")
"""Names below these are given by a house, or by nobody."""
EVERY: Final = "*"
MOST_TOLD = 100
_told: set[str] = set()


def name_in(host: str) -> str:
    """The name in a Host header, small and without port, brackets and final dot; empty where it holds none."""
    found = HOST.fullmatch(host.strip().lower())
    return found["name"].strip("[]") if found else ""


def is_ours(settings: Settings, host: str) -> bool:
    """Whether the site answers by the name in a Host header."""
    name = name_in(host)
    if not name:
        return False
    declared = [str(one).lower() for one in settings["site.other_hosts"] or ()]
    if name == name_in(settings.text("site.host")) or EVERY in declared or _is_local(name):
        return True
    if any(name.endswith(one) or name == one[1:] if one.startswith(".") else name == _name(one) for one in declared):
        return True
    return settings["llmio.env"] != "production" and _at_home(name)


def refuse(settings: Settings, environ: dict[str, Any]) -> Response | None:
    """The answer to who asks for another host, or None. A request that names none (HTTP/1.0) counts as one for ours."""
    host = environ.get("HTTP_HOST", "")
    ours = site_url(settings)
    if not host:
        environ["HTTP_HOST"] = ours.partition("://")[2]
        return None
    if is_ours(settings, host):
        return None
    if len(_told) < MOST_TOLD and host not in _told:
        _told.add(host)
        log.warning(
            "refused a request for the host %.200r: name it in LLMIO_OTHER_HOSTS if it is one of this site", host
        )
    words = (
        f"This site is not here by that name. It is at {ours}/\n\n"
        "For who runs it: CANONICAL_HOST is its name, LLMIO_OTHER_HOSTS holds further ones, and a proxy in front must pass on\n"
        "the name by which people come (nginx: proxy_set_header Host $host;).\n"
    )
    answer = Response(words, status="421 Misdirected Request", content_type="text/plain", charset="utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _name(declared: str) -> str:
    """An address of IPv6 may be declared without brackets."""
    return declared if declared.count(":") > 1 and "[" not in declared else name_in(declared)


def _is_local(name: str) -> bool:
    """Whether it can only mean this machine."""
    return name == "localhost" or name.endswith(".localhost") or (_is_address(name) and ip_address(name).is_loopback)


def _at_home(name: str) -> bool:
    """Whether no one on the internet can lead the name here: an address, or a name that its DNS does not know."""
    return _is_address(name) or "." not in name or name.endswith(AT_HOME)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
