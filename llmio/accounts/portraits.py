"""Where a person's picture is: an address that says its version, signed, so that whoever was shown the person may fetch it.

It is made of what was selected beside the name (`User.picture`): no page asks the database for pictures.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from llmio.core import signatures

if TYPE_CHECKING:
    from llmio.core.app import App


def path(app: App, user_id: int, version: int | None) -> str:
    """The address of the picture of this version; "" where there is none."""
    return "" if version is None else f"/users/{user_id}/picture?v={version}-{_signature(app, user_id, version)}"


def is_given(app: App, user_id: int, version: int | None, said: str) -> bool:
    """Whether `v` of an address names the picture that the person has now, and was made by this site."""
    if version is None:
        return False
    return hmac.compare_digest(said.encode(), f"{version}-{_signature(app, user_id, version)}".encode())


def _signature(app: App, user_id: int, version: int) -> str:
    return signatures.sign(app, f"portrait:{user_id}:{version}")
