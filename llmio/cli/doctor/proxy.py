"""The site's own address, asked from here through whatever stands in front of it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from llmio.cli.doctor.findings import Finding, first_line, found
from llmio.cli.doctor.site import PATIENCE, Site
from llmio.core.urls import site_url
from llmio.web import arrival

LIE: Final = "192.0.2.77"
"""An address for documentation (RFC 5737) that we claim to have: a proxy must not hand it on as ours."""

DAYS = 14
"""Certificates are renewed long before they end; one that has fewer days left was not."""


def check(site: Site) -> Iterator[Finding]:
    """Ask `/up` how the question arrived."""
    settings = site.app.settings
    url = site_url(settings)
    if not site.in_production and settings.text("site.host") == "localhost" and not settings["site.port"]:
        return  # nobody was told of an address
    question = arrival.ask(settings)
    headers = {arrival.HEADER: question, "X-Forwarded-For": LIE}
    try:
        # Not through the port for outgoing requests, which knows no private addresses: the site may have one.
        with (
            httpx.Client(verify=ssl.create_default_context(), timeout=PATIENCE, trust_env=False) as client,
            client.stream("GET", f"{url}/up", headers=headers) as answer,
        ):
            own, ends = _own_end(answer), _certificate_ends(answer)  # while the connection is open
            answer.read()
    except httpx.ConnectError as error:
        yield found(
            "proxy.certificate" if "CERTIFICATE" in str(error) else "proxy.unreachable", f"{url}: {first_line(error)}"
        )
        return
    except httpx.HTTPError as error:
        yield found("proxy.unreachable", f"{url}: {first_line(error)}")
        return
    said = _said(answer)
    if said is None or said.get("proof") != arrival.proof(settings, question):
        yield found("proxy.elsewhere", f"{url}/up answered {answer.status_code}, and not as this site does")
        return
    if ends is not None and ends - time.time() < DAYS * 86400:
        yield found("proxy.expires", f"the certificate of {url} ends on {time.strftime('%d %B %Y', time.gmtime(ends))}")
    yield from _arrived(site, url, said, own)


def _certificate_ends(answer: httpx.Response) -> float | None:
    """When, in seconds since 1970; None without TLS."""
    stream = answer.extensions.get("network_stream")
    line = stream.get_extra_info("ssl_object") if stream is not None else None
    certificate = line.getpeercert() if line is not None else None
    return ssl.cert_time_to_seconds(certificate["notAfter"]) if certificate else None


def _said(answer: httpx.Response) -> dict[str, Any] | None:
    try:
        found_here = answer.json()
    except ValueError:
        return None
    return found_here if isinstance(found_here, dict) else None


def _own_end(answer: httpx.Response) -> tuple[str, int]:
    """Our end of the connection, by which one sees whether anything stands between."""
    stream = answer.extensions.get("network_stream")
    name = stream.get_extra_info("client_addr") if stream is not None else None
    return (str(name[0]), int(name[1])) if name else ("", 0)


def _arrived(site: Site, url: str, said: dict[str, Any], own: tuple[str, int]) -> Iterator[Finding]:
    parts = urlsplit(url)
    if said["host"].lower() != parts.netloc.lower():
        yield found("proxy.host", f"people ask {parts.netloc}, the site is asked for {said['host']}")
    if parts.scheme == "https" and said["scheme"] != "https":
        yield found("proxy.https", f"{url} arrives as http")
    if _directly(site, parts.port, said, own):
        return
    if said["client"] == LIE:
        yield found("proxy.forged", f"we claimed to be {LIE}, and were believed")
    elif not said["forwarded"]:
        yield found("proxy.client", f"the site takes {said['peer']}, the proxy, for the person")
    elif said["client"] == said["peer"] != own[0]:
        told = f"the proxy at {said['peer']} has a public address, and from such X-Forwarded-For is not believed"
        yield found(
            "proxy.client", told, fix="Let the proxy reach the site over a private network, or set CLIENT_IP_HEADER."
        )


def _directly(site: Site, port: int | None, said: dict[str, Any], own: tuple[str, int]) -> bool:
    """Whether nothing stands between: the server saw our own end, or we asked the very port it listens on, on this machine."""
    if said["peer"] != own[0]:
        return False
    return bool(said["port"] == own[1] or port in (said.get("listens"), site.app.settings["site.port_listen"]))
