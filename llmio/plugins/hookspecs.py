"""The hooks: what the core asks plugins. Arguments may be added, never renamed or taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

from llmio.plugins.declare import PROJECT

if TYPE_CHECKING:
    import click
    from pyramid.config import Configurator

    from llmio.plugins.events import EventValue, PluginContext
    from llmio.plugins.notify import Notifier
    from llmio.plugins.polls import Method, PollType
    from llmio.plugins.search import SearchProvider
    from llmio.plugins.storage import StorageBackend
    from llmio.plugins.webhooks import WebhookFormat

hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def llmio_poll_types() -> Sequence[PollType]:  # type: ignore[empty-body]  # a specification
    """Offer kinds of poll. Asked once, at boot. Since 0.1."""


@hookspec
def llmio_methods() -> Sequence[Method]:  # type: ignore[empty-body]  # a specification
    """Offer methods of counting that poll types name. Asked once, at boot. Since 0.1."""


@hookspec
def llmio_storages() -> Sequence[StorageBackend]:  # type: ignore[empty-body]  # a specification
    """Offer places where files are kept; the operator names the one for new files. Asked once, at boot. Since 0.1."""


@hookspec
def llmio_notifiers() -> Sequence[Notifier]:  # type: ignore[empty-body]  # a specification
    """Offer ways to reach people or channels. Asked once, at boot. Since 0.1."""


@hookspec
def llmio_webhook_formats() -> Sequence[WebhookFormat]:  # type: ignore[empty-body]  # a specification
    """Offer shapes for what is posted to a group's webhook. Asked once, at boot. Since 0.1."""


@hookspec
def llmio_search_providers() -> Sequence[SearchProvider]:  # type: ignore[empty-body]  # a specification
    """Offer indexes; the operator names the one in use. Asked once, at boot. Since 0.1."""


@hookspec
def llmio_includeme(config: Configurator) -> None:
    """Add pages below `/x/<name>/`: routes named `<name>.…`, views, templates. Called when the site starts.

    A view without `permission` is closed to all who are not signed in. Nothing of the core or of another plugin can be
    overridden, and nothing but routes, views and static files added: otherwise the plugin's pages are set aside.
    Since 0.1.
    """


@hookspec
def llmio_event(event: EventValue, ctx: PluginContext) -> None:
    """Hear of an event after it was committed; called in the worker, in a job of its own, which is tried again after
    an error: an event may come twice, and late. Since 0.1.
    """


@hookspec
def llmio_commands(group: click.Group) -> Any:
    """Add commands to `llmio x <name>`, an empty click group. Called when that command is used. Since 0.1."""
