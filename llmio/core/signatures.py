"""The site's signature of a text: whoever holds it was given it by the site."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from llmio.core.app import App

LENGTH: Final = 32
"""Letters, of hexadecimal digits."""


def sign(app: App, text: str) -> str:
    """The signature."""
    secret = app.settings.text("security.secret") or "development"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()[:LENGTH]
