"""What the DNS says of the sender of our mails, and of the host to which answers go."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Any, Final

from llmio.cli.doctor.findings import Finding, found
from llmio.cli.doctor.site import Site
from llmio.mail.addresses import from_address, host_of
from llmio.mail.incoming import proof
from llmio.mail.incoming.dns import Unanswered

SELECTORS: Final = ("default", "mail", "dkim", "selector1", "selector2", "google", "s1", "s2", "k1", "k2", "k3", "smtp",
                    "mx", "key1", "fm1", "pm", "protonmail", "zoho", "mandrill", "ses", "email", "loomio", "llmio")  # fmt: skip
"""Those of large providers and of the usual guides; nobody can list the selectors of a domain."""
NO_DOMAIN: Final = re.compile(r"(?:^|\.)(?:localhost|local|internal|invalid|test|lan|localdomain)$")
OPEN: Final = re.compile(r"(?:^|\s)[+?]?all(?:\s|$)", re.IGNORECASE)


def check(site: Site) -> Iterator[Finding]:
    """SPF, DKIM and DMARC of the sender's domain, the name of the machine, MX for answers."""
    settings = site.app.settings
    domain = from_address(settings).rpartition("@")[2].rstrip(".").lower()
    try:
        if settings.text("mail.server"):
            yield from _sender(site, domain)
        reply = settings.text("mail.reply_host").rstrip(".").lower()
        if (
            reply
            and not NO_DOMAIN.search(reply)
            and not any(_lookup(site, reply, kind) for kind in ("MX", "A", "AAAA"))
        ):
            yield found("dns.mx", f"{reply} has no MX record and no address")
    except Unanswered as error:
        yield found("dns.silent", str(error)[:300])


def _sender(site: Site, domain: str) -> Iterator[Finding]:
    if "." not in domain or NO_DOMAIN.search(domain) or _is_address(domain):
        if site.in_production:
            yield found("dns.sender", f"the sender is {from_address(site.app.settings)}")
        return
    yield from _spf(site, domain)
    yield from _dkim(site, domain)
    _lookup(site, f"_dmarc.{domain}", "TXT")  # raises where nobody answers, which the next line takes for none
    if not proof.dmarc_policy(domain, site.resolver):
        yield found("dns.dmarc", f"_dmarc.{domain} has no DMARC record")
    yield from _pointer(site)


def _spf(site: Site, domain: str) -> Iterator[Finding]:
    records = [text for text in _texts(site, domain) if text.lower().split(" ")[0] == "v=spf1"]
    if not records:
        yield found("dns.spf", f"{domain} has no SPF record")
    elif len(records) > 1:
        yield found("dns.spf_many", f"{domain} has {len(records)} SPF records")
    elif OPEN.search(records[0].partition(" ")[2]):
        yield found("dns.spf_open", f"{domain}: {records[0][:200]}")


def _dkim(site: Site, domain: str) -> Iterator[Finding]:
    named = site.app.settings.text("mail.dkim_selector")
    tried = (named,) if named else SELECTORS
    for selector in tried:
        if any("p=" in text for text in _texts(site, f"{selector}._domainkey.{domain}")):
            return
    yield found("dns.dkim", f"{domain} has no key under selector {', '.join(tried)}")


def _pointer(site: Site) -> Iterator[Finding]:
    """The machine that sends: the mail server, where it is one of the internet, else the name we give ourselves."""
    server, own = site.app.settings.text("mail.server"), host_of(site.app.settings)
    host = own if "." not in server or _is_address(server) or NO_DOMAIN.search(server) else server
    addresses = [one for kind in ("A", "AAAA") for one in _lookup(site, host, kind)]
    if not addresses:
        if host != own:
            return  # area mail says so
        yield found("dns.ptr", f"{host} has no address")
        return
    for address in addresses:
        names = _lookup(site, ipaddress.ip_address(address).reverse_pointer, "PTR")
        if any(address in _lookup(site, name, kind) for name in names for kind in ("A", "AAAA")):
            return
    yield found("dns.ptr", f"{', '.join(addresses[:3])} ({host}) has no name that leads back to it")


def _texts(site: Site, name: str) -> list[str]:
    return [b"".join(one).decode("utf-8", "replace").strip() for one in _lookup(site, name, "TXT")]


def _lookup(site: Site, name: str, kind: str) -> list[Any]:
    answers: list[Any] = site.resolver.lookup(name, kind)
    return answers


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
