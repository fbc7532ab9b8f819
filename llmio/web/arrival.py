"""How a request arrives at the site after the proxy: what `llmio doctor` asks `/up`, signed with the site's secret."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from llmio.core.settings import Settings

HEADER: Final = "X-Llmio-Doctor"
SECONDS: Final = 300
"""How long a question is good; the two clocks may differ by as much."""


def ask(settings: Settings) -> str:
    """A value of the header: moment, random letters, signature."""
    words = f"{int(time.time())}.{secrets.token_hex(8)}"
    return f"{words}.{_sign(settings, 'ask', words)}"


def is_ours(settings: Settings, question: str) -> bool:
    """Whether whoever asks knows the secret of this site, and asks now."""
    words, _dot, signature = question.rpartition(".")
    moment = words.partition(".")[0]
    if not hmac.compare_digest(signature.encode(), _sign(settings, "ask", words).encode()):
        return False
    return moment.isdecimal() and abs(time.time() - int(moment)) < SECONDS


def proof(settings: Settings, question: str) -> str:
    """By which the answer shows that this site gave it."""
    return _sign(settings, "answer", question)


def seen(request: Any, question: str) -> dict[str, Any]:
    """Scheme, host and client as the site takes them, and who stands in front.

    `port` is theirs, `listens` ours; 0 where the server does not tell.
    """
    port, listens = (str(request.environ.get(name, "")) for name in ("REMOTE_PORT", "SERVER_PORT"))
    return {
        "proof": proof(request.app.settings, question),
        "scheme": "https" if says_https(request) else "http",
        "host": request.host,
        "client": request.client_ip,
        "forwarded": bool(request.headers.get(request.app.settings.text("limits.ip_header") or "X-Forwarded-For")),
        "peer": str(request.environ.get("REMOTE_ADDR") or ""),
        "port": int(port) if port.isdecimal() else 0,
        "listens": int(listens) if listens.isdecimal() else 0,
    }


def says_https(request: Any) -> bool:
    """Whether the line to the person is said to be encrypted."""
    told = request.headers.get("X-Forwarded-Proto", "").split(",")[0].strip().lower()
    return told == "https" or request.scheme == "https" or "proto=https" in request.headers.get("Forwarded", "").lower()


def _sign(settings: Settings, act: str, words: str) -> str:
    secret = settings.text("security.secret") or "development"
    return hmac.new(secret.encode(), f"doctor:{act}:{words}".encode(), hashlib.sha256).hexdigest()
