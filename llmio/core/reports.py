"""Reports of errors to Sentry (or what speaks its protocol), where the operator named one.

They say what failed and where, never what people wrote or what lets one in: no bodies, no cookies, no addresses, no values of
variables, no tokens of links, no crumbs of what was done before.
https://develop.sentry.dev/sdk/data-model/envelopes/
"""

from __future__ import annotations

import logging
import re
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from llmio.core import trace

if TYPE_CHECKING:
    from llmio.core.settings import Settings

KEPT = ("Host", "User-Agent", "Accept", "Content-Type", "Content-Length")
"""Of a request's headers."""
PERSON = re.compile(r"[^\s@<>\"'(,;:=]+@[^\s@<>\"'),;]+")
ELSEWHERE = re.compile(r"(\b[a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?([^\s/?#\"']+)[^\s\"']*")
"""An address: of a webhook's, path and query are its secret."""
TOKEN = re.compile(r"(?<!//)(?<=/)[\w=.~%-]{16,}")
"""A part of a path that is as long as what lets one in."""
log = logging.getLogger(__name__)


def begin(settings: Settings, process: str) -> bool:
    """Report errors of this process from now on; False where no address is set."""
    address = settings.text("sentry.dsn")
    if not address:
        return False
    import sentry_sdk  # noqa: PLC0415  # slow, and few need it

    try:
        _begin(sentry_sdk, settings, address, process)
    except ValueError as error:  # the address has no key, no number or no port that can be: the site is well without
        log.warning("SENTRY_DSN is not used, errors are in the log alone: %s", type(error).__name__)
        return False
    sentry_sdk.get_global_scope().set_tag("process", process)  # of whichever thread answers a request
    return True


def _begin(sdk: Any, settings: Settings, address: str, process: str) -> None:
    sdk.init(
        dsn=address,
        release=f"llmio@{version('llmio')}",
        environment=settings.text("llmio.env"),
        server_name=process,
        traces_sample_rate=settings["sentry.sample_rate"],
        profiles_sample_rate=settings["sentry.profiles_rate"],
        include_local_variables=False,
        max_request_body_size="never",
        before_send=_scrubbed,
        before_send_transaction=_scrubbed,
        max_breadcrumbs=0,
    )


def capture(error: BaseException) -> None:
    """Report an error that was caught and dealt with; nothing where no address is set."""
    sdk = sys.modules.get("sentry_sdk")
    if sdk is not None:
        sdk.capture_exception(error)


def name(job: str = "") -> None:
    """Say in the record of how long things take, if one is made, which request or job it is.

    The one of a job is begun before its row is read, and in another thread; both are ended where nothing is known any more.
    """
    sdk = sys.modules.get("sentry_sdk")
    timed = sdk.get_current_scope().transaction if sdk is not None else None
    if timed is None:
        return
    timed.name = job or timed.name
    for key, value in trace.values().items():
        timed.set_tag(key, value)


def _scrubbed(event: Any, _hint: Any) -> Any:
    """Only what helps to find the fault; and which request or job it was."""
    event.setdefault("tags", {}).update(trace.values())
    for name in ("user", "breadcrumbs", "extra"):
        event.pop(name, None)
    request = event.get("request")
    if request:
        headers = {name: value for name, value in request.get("headers", {}).items() if name in KEPT}
        path = TOKEN.sub("…", str(request.get("url", "")).split("?")[0])
        event["request"] = {"method": request.get("method"), "url": path, "headers": headers}
    for one in (event.get("exception") or {}).get("values") or ():
        one["value"] = masked(str(one.get("value") or "").partition("\n")[0])  # the database's next line names values
    said = event.pop("logentry", None)
    if said:
        event["logentry"] = {"formatted": masked(str(said.get("formatted") or said.get("message") or ""))}
    for span in event.get("spans") or ():
        span["description"] = masked(str(span.get("description") or ""))
        span.pop("data", None)
    return event


def masked(text: str) -> str:
    """A text without addresses of people, paths of other sites and tokens."""
    return TOKEN.sub("…", ELSEWHERE.sub(r"\1\2/…", PERSON.sub("…@…", text)))
