"""One transaction per request: explicit manager, retries, veto on 4xx and 5xx, one session."""

from __future__ import annotations

from typing import Any

import psycopg.errors
import pyramid_tm
from pyramid_retry import mark_error_retryable
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from llmio.core import db

RUN_AGAIN = 1 << 20
"""Bytes of a body up to which a request is run again after a conflict."""


def includeme(config: Any) -> None:
    """pyramid_tm and pyramid_retry, and `request.dbsession`."""
    config.add_settings({"tm.manager_hook": "pyramid_tm.explicit_manager", "retry.activate_hook": tries})
    config.include("pyramid_tm")
    config.include("pyramid_retry")
    config.add_request_method(dbsession, reify=True)
    # A serialization failure or deadlock is nobody's fault: the request is run again. Unique violations are not
    # retried here: services lock or upsert, and answer a real duplicate with words.
    for error in (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected, StaleDataError):
        mark_error_retryable(error)


def tries(request: Any) -> int | None:
    """One try for what brings files: to be run again, all of its body would be copied before anything looks at it."""
    unknown = request.content_length is None and "Transfer-Encoding" in request.headers
    upload = request.path == "/files" or request.method == "PUT"
    return 1 if upload or unknown or (request.content_length or 0) > RUN_AGAIN else None


def dbsession(request: Any) -> Session:
    """The session of this request, joined to its transaction; tests hand one in."""
    given = request.environ.get("app.dbsession")
    if given is not None:
        return given
    session = db.join(request.app.sessions(), request.tm)
    request.add_finished_callback(lambda _request: session.close())
    return session


__all__ = ["dbsession", "includeme", "pyramid_tm"]
