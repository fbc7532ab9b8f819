"""SPF, DKIM and DMARC: whether the domain in From stands for this mail.

SPF by pyspf and the signatures by dkimpy, both long kept; what the domains publish for DMARC is two look-ups and a
comparison, for which the public suffix list is enough.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Any

import dkim
import spf
from publicsuffixlist import PublicSuffixList

from llmio.mail.incoming import letter, mime
from llmio.mail.incoming.dns import Resolver, Unanswered
from llmio.mail.incoming.unreadable import UNREADABLE

log = logging.getLogger(__name__)
MOST_SIGNATURES = 5
VOID_LIMIT = 2
SMALLEST_KEY = 1024
BLANKS = re.compile(rb"[ \t]+")
LONGEST_LINE = 1 << 20


@dataclass(frozen=True)
class Envelope:
    """How a mail came: from which address on the net, by what name it called itself, and its sender on the envelope."""

    ip: str
    helo: str
    mail_from: str


def check(mail: IO[bytes], envelope: Envelope, resolver: Resolver) -> dict[str, Any]:
    """What `trust.Checks` is made of, as it is stored: `spf`, `dkim`, `dmarc`, `proved`, and the domains that count."""
    mail.seek(0)
    headers = mime.read_headers(mail)
    mail.seek(0)
    domain = _from_domain(headers)
    spf_result, spf_domain = check_spf(envelope, resolver)
    dkim_result, signers = check_dkim(mail, resolver)
    policy = dmarc_policy(domain, resolver) if domain else {}
    aligned_spf = spf_result == "pass" and aligned(domain, spf_domain, strict=policy.get("aspf") == "s")
    aligned_dkim = any(aligned(domain, one, strict=policy.get("adkim") == "s") for one in signers)
    proved = bool(domain) and (aligned_spf or aligned_dkim)
    return {
        "spf": spf_result,
        "dkim": dkim_result,
        "dmarc": ("pass" if proved else "fail") if policy else "",
        "proved": proved,
        "from": domain,
        "signers": signers,
    }


def _from_domain(headers: Any) -> str:
    """The domain of From; empty where there are several senders or none, for then nobody stands for it."""
    values = [value for name, value in letter.headers_of(mime.Taken(headers)) if name == "from"]
    hosts = {address.rpartition("@")[2] for _name, address in letter.addresses_in(values)}
    return hosts.pop() if len(hosts) == 1 and len(values) == 1 else ""


# -- SPF -----------------------------------------------------------------------------------------------------------------


class _Query(spf.query):
    """The library's evaluation, asking through our resolver."""

    def __init__(self, envelope: Envelope, resolver: Resolver) -> None:
        self._resolver = resolver
        super().__init__(i=envelope.ip, s=envelope.mail_from, h=envelope.helo, timeout=5, querytime=20)

    def dns(self, name: str, qtype: str, cnames: Any = None, ignore_void: bool = False) -> list[Any]:  # noqa: FBT001, FBT002  # the library's signature
        """Look up once; too many names without an answer are an error (RFC 7208, 4.6.4)."""
        name = str(name).rstrip(".").lower()
        if not name or not all(0 < len(part) < 64 for part in name.split(".")):
            return []
        if (name, qtype) not in self.cache:
            try:
                self.cache[name, qtype] = self._resolver.lookup(name, qtype)
            except Unanswered as error:
                raise spf.TempError(f"DNS {error}") from error
        found: list[Any] = self.cache[name, qtype]
        if not found and not ignore_void and qtype != "TXT":
            self.void_lookups += 1
            if self.void_lookups > VOID_LIMIT:
                raise spf.PermError(f"Void lookup limit of {VOID_LIMIT} exceeded")
        return found


def check_spf(envelope: Envelope, resolver: Resolver) -> tuple[str, str]:
    """(result in a word, domain that it speaks for)."""
    try:
        query = _Query(envelope, resolver)
        result, _code, _words = query.check()
    except (spf.TempError, spf.PermError, spf.AmbiguityWarning, *UNREADABLE) as error:
        log.info("SPF of %s: %s", envelope.mail_from or envelope.helo, error)
        return "", ""
    return str(result).lower(), str(query.o or "").lower().rstrip(".")


# -- DKIM ----------------------------------------------------------------------------------------------------------------


class _Signed(dkim.DKIM):
    """The library's verification, with the body read from its file: it would hold a large mail five times."""

    def __init__(self, head: bytes, mail: IO[bytes], start: int) -> None:
        super().__init__(head, minkey=SMALLEST_KEY)
        self._mail, self._start = mail, start

    def verify_sig_process(self, sig: Any, include_headers: Any, sig_header: Any, dnsfunc: Any) -> bool:
        """Compare the hash of the body here, and leave the signature to the library."""
        style = sig.get(b"c", b"simple/simple").partition(b"/")[2] or b"simple"
        digest = hashlib.new("sha1" if sig[b"a"].endswith(b"sha1") else "sha256", usedforsecurity=False)
        length = 0
        self._mail.seek(self._start)
        for piece in canonical(self._mail, relaxed=style == b"relaxed"):
            digest.update(piece)
            length += len(piece)
        wanted = re.sub(rb"\s+", b"", sig[b"bh"]).decode("ascii", "replace")
        # With l= others may write more below what was signed.
        if base64.b64encode(digest.digest()).decode() != wanted or (b"l" in sig and int(sig[b"l"]) < length):
            return False
        rest = {name: value for name, value in sig.items() if name != b"bh"}
        return bool(super().verify_sig_process(rest, include_headers, sig_header, dnsfunc))


def canonical(body: IO[bytes], *, relaxed: bool) -> Iterator[bytes]:
    """The body as it is hashed (RFC 6376, 3.4.3 and 3.4.4): without blank lines at its end."""
    blank, wrote = 0, False
    while line := body.readline(LONGEST_LINE):
        bare = line.rstrip(b"\r\n")
        ended = len(bare) < len(line)
        if relaxed:
            bare = BLANKS.sub(b" ", bare)
            bare = bare.rstrip(b" ") if ended else bare
        if not bare:
            blank += 1
            continue
        yield b"\r\n" * blank + bare + (b"\r\n" if ended or len(line) < LONGEST_LINE else b"")
        blank, wrote = 0, True
    if not wrote and not relaxed:
        yield b"\r\n"


def check_dkim(mail: IO[bytes], resolver: Resolver) -> tuple[str, list[str]]:
    """(`pass`, `fail`, or empty without a signature; the domains whose signatures are right)."""
    head = _head(mail)
    start = len(head)
    count = min(len(re.findall(rb"^dkim-signature[ \t]*:", head, re.IGNORECASE | re.MULTILINE)), MOST_SIGNATURES)
    signers = []
    for number in range(count):
        try:
            signed = _Signed(head, mail, start)
            if signed.verify(idx=number, dnsfunc=_keys(resolver)):
                signers.append(signed.domain.decode("ascii", "replace").lower())
        except (dkim.DKIMException, Unanswered, *UNREADABLE) as error:
            log.info("DKIM: %s", error)
    return ("pass" if signers else "fail") if count else "", signers


def _head(mail: IO[bytes]) -> bytes:
    mail.seek(0)
    lines: list[bytes] = []
    size = 0
    while (line := mail.readline(mime.LINE)) and size < mime.HEADERS:
        lines.append(line)
        size += len(line)
        if not line.strip(b"\r\n"):
            break
    return b"".join(lines)


def _keys(resolver: Resolver) -> Any:
    def key(name: Any, timeout: float = 5) -> bytes | None:
        text = name.decode("ascii", "replace") if isinstance(name, bytes) else str(name)
        found = resolver.lookup(text.rstrip("."), "TXT")
        return b"".join(found[0]) if found else None

    return key


# -- DMARC ---------------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def organisation_of(domain: str) -> str:
    """The domain that somebody registered: `mail.example.co.uk` → `example.co.uk`."""
    return str(_suffixes().privatesuffix(domain.lower()) or domain.lower())


def aligned(domain: str, other: str, *, strict: bool) -> bool:
    """Whether two domains belong together, as DMARC has it."""
    if not domain or not other:
        return False
    if strict:
        return domain.lower() == other.lower()
    return organisation_of(domain) == organisation_of(other)


def dmarc_policy(domain: str, resolver: Resolver) -> dict[str, str]:
    """The tags that a domain, or the one above it, publishes; empty without any."""
    for name in dict.fromkeys((domain, organisation_of(domain))):
        try:
            records = resolver.lookup(f"_dmarc.{name}", "TXT")
        except Unanswered as error:
            log.info("DMARC of %s: %s", name, error)
            return {}
        found = [text for text in (b"".join(one).decode("utf-8", "replace") for one in records) if _is_dmarc(text)]
        if len(found) == 1:
            return _tags(found[0])
    return {}


def _is_dmarc(text: str) -> bool:
    return re.match(r"v\s*=\s*DMARC1\s*(;|$)", text) is not None


def _tags(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _equals, value in pairs if name.strip()}
