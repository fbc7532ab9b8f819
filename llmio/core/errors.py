"""The one tree of errors; each carries a message for the person who caused it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class LlmioError(Exception):
    """Something a person can be told about; `message` is written for them."""

    status = 500

    def __init__(self, message: object = "") -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        return str(self.message)


class Invalid(LlmioError):
    """Input that cannot be taken.

    `errors` maps a field to its messages ("" for the form as a whole); `values` holds what was typed, so that the
    form can be shown again with nothing lost.
    """

    status = 422
    retry_after: int | None = None
    """Seconds after which the same may be taken, where it is refused as too much (with status 429)."""

    def __init__(
        self,
        message: object = "",
        errors: Mapping[str, Sequence[object]] | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.errors: dict[str, list[object]] = {key: list(texts) for key, texts in (errors or {}).items()}
        self.values: dict[str, Any] = dict(values or {})
        if message and not self.errors:
            self.errors[""] = [message]

    @classmethod
    def at(cls, field: str, message: object) -> Invalid:
        """One fault at one field."""
        return cls(message, {field: [message]})


class SignInNeeded(LlmioError):
    """The act needs a signed-in person; pages lead to the sign-in form, the API answers 401."""

    status = 401


class NotAllowed(LlmioError):
    """The actor may not do this."""

    status = 403


class NotFound(LlmioError):
    """No such thing, or none the actor may know of."""

    status = 404


class Conflict(LlmioError):
    """The thing changed, or was already done, since the actor looked."""

    status = 409


class TooMany(LlmioError):
    """A limit was reached; `retry_after` in seconds."""

    status = 429

    def __init__(self, message: object = "", *, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(LlmioError):
    """A part that is needed does not answer now; trying again later may help."""

    status = 503
