"""What people are told when a file cannot be taken in or given out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from llmio.core.errors import Invalid, LlmioError, Unavailable
from llmio.core.i18n import _
from llmio.plugins.storage import FAULTS, StorageFault

NO_ROOM = _("There is no room left for files. Please tell the people who run this site.")
UNUSABLE = _("The place where files are kept cannot be used. Please tell the people who run this site.")
WORDS: dict[StorageFault, object] = {
    StorageFault.FULL: NO_ROOM,
    StorageFault.DENIED: UNUSABLE,
    StorageFault.MISSING: UNUSABLE,
    StorageFault.SILENT: _("The place where files are kept does not answer. Please try again in a moment."),
    StorageFault.OTHER: _("The place where files are kept does not work as it should. Please try again in a moment."),
}


class TooLarge(Invalid):
    """More bytes than are allowed."""

    status = 413


class BrokenOff(LlmioError):
    """The connection ended before all had come; hardly anybody is there to be told."""

    status = 400


def too_large(limit: int) -> TooLarge:
    """The refusal of a file, with the limit in words."""
    message = _("This file is too large: at most {size} are allowed.", size=in_words(limit))
    return TooLarge(message, {"file": [message]})


def told_operators(error: LlmioError) -> str:
    """What an operator is told: what the storage said, not what people at pages read."""
    why = error.__cause__
    return f"{type(why).__name__}: {why}".removesuffix(": ") if isinstance(error, Unavailable) and why else str(error)


def in_words(size: int) -> str:
    """A size for people: 5 bytes, 100 KB, 1.5 MB."""
    if size < 1 << 10:
        return str(_("{count} bytes", count=size))
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return str(size)


@contextmanager
def told() -> Iterator[None]:
    """While bytes come in: a connection that ends and a full temporary folder, in plain words."""
    try:
        yield
    except LlmioError:
        raise
    except OSError as error:
        # WebOb's DisconnectionError is an OSError without a number.
        if FAULTS.get(error.errno or 0) is StorageFault.FULL:
            raise Unavailable(NO_ROOM) from error
        if error.errno is None or isinstance(error, (ConnectionError, TimeoutError)):
            raise BrokenOff(_("The connection broke off before the whole file had come. Please try again.")) from error
        raise
