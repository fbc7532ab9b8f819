"""Keys for push messages (VAPID, RFC 8292): a pair on the curve P-256."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Final

from llmio.cli.doctor.findings import Finding, found
from llmio.cli.doctor.site import Site

NAMES: Final = ("VAPID_PUBLIC_KEY", "VAPID_PRIVATE_KEY")
P: Final = 2**256 - 2**224 + 2**192 + 2**96 - 1
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
BASE: Final = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
"""The curve, from SEC 2. One multiplication is no reason to install a library of cryptography; no secret is made here."""
Point = tuple[int, int]


def check(site: Site) -> Iterator[Finding]:
    """None, or two that belong together."""
    public, private = (site.env.get(name, "").strip() for name in NAMES)
    if not public and not private:
        yield found("push.unused", "VAPID_PUBLIC_KEY and VAPID_PRIVATE_KEY are not set")
        return
    if not public or not private:
        yield found("push.half", f"{NAMES[0] if not public else NAMES[1]} is not set")
        return
    try:
        point, number = _bytes(public), int.from_bytes(_bytes(private))
    except (binascii.Error, ValueError) as error:
        yield found("push.keys", f"they are not base64url: {error}")
        return
    if len(point) != 65 or point[0] != 4 or len(_bytes(private)) != 32 or not 0 < number < ORDER:
        yield found("push.keys", f"they have {len(point)} and {len(_bytes(private))} bytes")
    elif _times(number, BASE) != (int.from_bytes(point[1:33]), int.from_bytes(point[33:])):
        yield found("push.pair", "the public key is not that of the private one")


def _bytes(text: str) -> bytes:
    plain = text.rstrip("=").replace("+", "-").replace("/", "_")
    return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)


def _times(number: int, point: Point) -> Point | None:
    """A multiple of a point, by doubling and adding."""
    total: Point | None = None
    adding: Point | None = point
    while number:
        if number & 1:
            total = _plus(total, adding)
        adding = _plus(adding, adding)
        number >>= 1
    return total


def _plus(one: Point | None, other: Point | None) -> Point | None:
    """The sum of two points; None is the point at infinity."""
    if one is None or other is None:
        return one or other
    if one[0] == other[0] and (one[1] + other[1]) % P == 0:
        return None
    if one == other:
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], -1, P) % P
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P) % P
    across = (slope * slope - one[0] - other[0]) % P
    return across, (slope * (one[0] - across) - one[1]) % P
