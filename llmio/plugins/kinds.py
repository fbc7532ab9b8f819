"""The kinds of things plugins offer: hook, base class, name of the registry, and what an object must have."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from llmio.plugins.fields import Field
from llmio.plugins.notify import Notifier
from llmio.plugins.polls import Method, PollType
from llmio.plugins.search import SearchProvider
from llmio.plugins.storage import StorageBackend
from llmio.plugins.webhooks import WebhookFormat

KEY = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True)
class Kind:
    """A kind: `name` is that of its registry, `one` what people call an object of it, `needs` its attributes."""

    name: str
    hook: str
    base: type[Any]
    one: str
    needs: tuple[str, ...] = ("title",)

    def fault(self, offered: object) -> str:
        """Why an object is not one of this kind; empty where it is."""
        if isinstance(offered, type) and issubclass(offered, self.base):
            return f"{self.hook} returned the class {offered.__name__}; it must return objects of it"
        if not isinstance(offered, self.base):
            return f"{self.hook} returned {offered!r}, which is no {self.base.__name__}"
        key = getattr(offered, "key", None)
        if not isinstance(key, str) or not KEY.fullmatch(key):
            return f"{self.hook}: {key!r} is no key (small letters, digits and _, a letter first)"
        missing = [name for name in self.needs if not str(getattr(offered, name, "") or "")]
        if missing:
            return f"{self.one} {key} has no {', no '.join(missing)}"
        return f"{self.one} {key}: {fault}" if (fault := _of_fields(getattr(offered, "fields", ()))) else ""


def _of_fields(fields: object) -> str:
    """What is wrong with the fields that an object declares; empty where nothing is."""
    if not isinstance(fields, tuple) or not all(isinstance(one, Field) for one in fields):
        return f"fields must be a tuple of Field, not {fields!r:.200}"
    names = [one.name for one in fields]
    odd = [one for one in names if not KEY.fullmatch(one)]
    return (
        f"{odd[0]!r} is no name of a field" if odd else "two fields of one name" if len(set(names)) < len(names) else ""
    )


KINDS: tuple[Kind, ...] = (
    Kind("methods", "llmio_methods", Method, "counting method"),
    Kind("poll_types", "llmio_poll_types", PollType, "poll type", ("title", "ballot_template")),
    Kind("storages", "llmio_storages", StorageBackend, "storage"),
    Kind("notifiers", "llmio_notifiers", Notifier, "notifier"),
    Kind("webhook_formats", "llmio_webhook_formats", WebhookFormat, "webhook format"),
    Kind("search_providers", "llmio_search_providers", SearchProvider, "search provider"),
)
