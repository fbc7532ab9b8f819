"""What is under way in this thread: the request or the job that a line of the log, or a report of an error, belongs to."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="")
job_id: ContextVar[str] = ContextVar("job_id", default="")
"""`name#id` of the outbox row."""
FITTING = re.compile(r"[A-Za-z0-9._-]{8,64}")


def begin_request(given: str | None) -> str:
    """Name the request: as the proxy in front named it, else anew."""
    name = given if given and FITTING.fullmatch(given) else secrets.token_hex(8)
    request_id.set(name)
    return name


def begin_job(name: str, outbox_id: int, caused_by: str | None) -> None:
    """Name the job, and the request that caused it."""
    job_id.set(f"{name}#{outbox_id}")
    request_id.set(caused_by or "")


@contextmanager
def kept() -> Iterator[None]:
    """Within, a job may be named; afterwards all is as it was."""
    before = request_id.get(), job_id.get()
    try:
        yield
    finally:
        request_id.set(before[0])
        job_id.set(before[1])


def values() -> dict[str, str]:
    """What is known now."""
    known = {"request_id": request_id.get(), "job_id": job_id.get()}
    return {name: value for name, value in known.items() if value}
