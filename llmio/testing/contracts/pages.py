"""Adding a plugin's pages to a configuration that has nothing else."""

from __future__ import annotations

from pyramid.config import Configurator

from llmio.plugins.registry import Plugins
from llmio.web import plugins as pages


def add_pages(plugins: Plugins, name: str) -> None:
    """Add and commit them; raises what a site would set them aside for."""
    config = Configurator(settings={})
    config.include("pyramid_jinja2")
    config.add_jinja2_renderer(".jinja2")
    config.commit()
    for page in plugins.implementing(pages.HOOK):
        if page.plugin == name:
            pages.add(config, page)
    config.commit()
