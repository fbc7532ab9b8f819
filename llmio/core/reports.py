"""Reports of errors to Sentry (or what speaks its protocol), where the operator named one.

They say what failed and where, never what people wrote: no bodies, no cookies, no addresses, no values of variables.
https://develop.sentry.dev/sdk/data-model/envelopes/
"""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from llmio.core import trace

if TYPE_CHECKING:
    from llmio.core.settings import Settings

KEPT = ("Host", "User-Agent", "Accept", "Content-Type", "Content-Length")
"""Of a request's headers."""


def begin(settings: Settings, process: str) -> bool:
    """Report errors of this process from now on; False where no address is set."""
    address = settings.text("sentry.dsn")
    if not address:
        return False
    import sentry_sdk  # noqa: PLC0415  # slow, and few need it

    sentry_sdk.init(
        dsn=address,
        release=f"llmio@{version('llmio')}",
        environment=settings.text("llmio.env"),
        server_name=process,
        traces_sample_rate=settings["sentry.sample_rate"],
        profiles_sample_rate=settings["sentry.profiles_rate"],
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=_scrubbed,
        before_send_transaction=_scrubbed,
    )
    sentry_sdk.set_tag("process", process)
    return True


def capture(error: BaseException) -> None:
    """Report an error that was caught and dealt with; nothing where no address is set."""
    sdk = sys.modules.get("sentry_sdk")
    if sdk is not None:
        sdk.capture_exception(error)


def _scrubbed(event: Any, _hint: Any) -> Any:
    """Only what helps to find the fault; and which request or job it was."""
    event.setdefault("tags", {}).update(trace.values())
    event.pop("user", None)
    request = event.get("request")
    if request:
        headers = {name: value for name, value in request.get("headers", {}).items() if name in KEPT}
        path = str(request.get("url", "")).split("?")[0]
        event["request"] = {"method": request.get("method"), "url": path, "headers": headers}
    return event
