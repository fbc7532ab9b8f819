"""Random names for records: short keys for addresses, tokens for secrets."""

from __future__ import annotations

import secrets
import string

KEY_LENGTH = 8
TOKEN_LENGTH = 20
ALPHABET = string.ascii_letters + string.digits


def new_key() -> str:
    """A key as the reference makes them, for `/g/<key>`: eight letters and digits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(KEY_LENGTH))


def new_token(length: int = TOKEN_LENGTH) -> str:
    """A secret that is safe in an address: 20 letters and digits hold 119 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def new_code() -> int:
    """A code of six digits, to be typed."""
    return secrets.randbelow(900_000) + 100_000
