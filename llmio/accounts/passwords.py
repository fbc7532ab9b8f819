"""Passwords, hashed with bcrypt as the reference stores them."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import bcrypt

from llmio.core.errors import Invalid
from llmio.core.i18n import _

if TYPE_CHECKING:
    from llmio.core.settings import Settings

SHORTEST = 8
LONGEST_BYTES = 72
"""bcrypt looks at no more; the reference cuts silently, so stored hashes of longer ones were made of these."""
COST = 12
COST_IN_TESTS = 4


def _material(settings: Settings, password: str) -> bytes:
    return (password + settings.text("accounts.password_pepper")).encode()[:LONGEST_BYTES]


def _cost(settings: Settings) -> int:
    return COST_IN_TESTS if settings["llmio.env"] in ("testing", "test") else COST


@lru_cache(maxsize=32)
def _decoy(cost: int) -> bytes:
    """A hash that is checked where there is none, so that the answer takes as long."""
    return bcrypt.hashpw(b"decoy", bcrypt.gensalt(cost, b"2a"))


def hash_password(settings: Settings, password: str) -> str:
    """The hash to store."""
    return bcrypt.hashpw(_material(settings, password), bcrypt.gensalt(_cost(settings), b"2a")).decode()


def matches(settings: Settings, password: str, stored: str | None) -> bool:
    """Whether a password is the stored one; where it is not, it takes as long as if a hash of ours had been checked."""
    material, cost, begun = _material(settings, password), _cost(settings), None
    try:
        if stored and bcrypt.checkpw(material, stored.encode()):
            return True
        begun = int(stored.split("$")[2]) if stored else None
    except (ValueError, IndexError):  # not a bcrypt hash
        begun = None
    # A hash of cost n takes 2ⁿ: what lacks to one of ours is the sum of all costs between.
    for one in (cost,) if begun is None else range(begun, cost):
        bcrypt.checkpw(material, _decoy(one))
    return False


def check_new(password: str, *, field: str = "password", others: tuple[str, ...] = ()) -> None:
    """Refuse a password that is too short, too long, or easily guessed from what is known of the person."""
    if len(password) < SHORTEST:
        raise Invalid.at(field, _("Please choose at least {count} characters.", count=SHORTEST))
    if len(password.encode()) > LONGEST_BYTES:
        raise Invalid.at(field, _("At most {count} characters, please.", count=LONGEST_BYTES))
    plain = password.lower()
    if len(set(plain)) < 3 or plain in {other.lower() for other in others if other}:
        raise Invalid.at(field, _("This one is too easy to guess."))
