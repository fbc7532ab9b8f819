"""llmio: where groups discuss, decide with the voting method that fits, and act on the outcome."""

from __future__ import annotations

from typing import Any

__version__ = "0.1.0"


def main(global_config: dict[str, str] | None = None, **settings: str) -> Any:
    """The WSGI application (PasteDeploy factory: `use = egg:llmio`)."""
    from llmio.core import zone  # noqa: PLC0415  # slow: `import llmio` must stay light for the command

    zone.shield()
    from llmio import boot, web  # noqa: PLC0415  # likewise, and reads the zone

    return web.assemble(boot.build(settings))


def wsgi() -> Any:
    """The WSGI application from the environment alone, as `llmio serve` runs it."""
    return main()
