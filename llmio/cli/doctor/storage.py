"""The storage of new files, as its plugin tries it."""

from __future__ import annotations

from collections.abc import Iterator

from llmio.cli.doctor.findings import Finding, first_line, found
from llmio.cli.doctor.site import Site
from llmio.core.errors import Unavailable
from llmio.files import storages


def check(site: Site) -> Iterator[Finding]:
    """Ask the plugin; what its error means it says itself."""
    app = site.app
    try:
        storage = storages.for_new_files(app)
    except Unavailable as error:
        yield found("storage.plugin", error)
        return
    try:
        storage.backend.probe(storage.settings)
    except Exception as error:  # noqa: BLE001  # whatever a client library raises: it is what the check is for
        yield found(f"storage.{storage.fault(error)}", f"{storage.backend.key}: {first_line(error)}")
