"""Pages that belong to no feature: the door, the style guide, robots."""

from __future__ import annotations

from typing import Any

from pyramid.response import Response

from llmio.core.permissions import Permission


def includeme(config: Any) -> None:
    """Routes and views."""
    config.add_route("home", "/")
    config.add_view(home, route_name="home", permission=Permission.PUBLIC)
    config.add_route("robots", "/robots.txt")
    config.add_view(robots, route_name="robots", permission=Permission.PUBLIC)
    if config.registry["app"].settings["llmio.env"] != "production":
        config.add_route("styleguide", "/styleguide")
        config.add_view(
            lambda request: {},
            route_name="styleguide",
            permission=Permission.PUBLIC,
            renderer="llmio:web/templates/dev/styleguide.jinja2",
        )


def home(request: Any) -> Any:
    """Lead to the default page, or to the door."""
    if request.identity_once:
        return request.see_other(request.app.settings.text("features.default_path"))
    return request.see_other("/sign_in")


def robots(request: Any) -> Response:
    """Keep crawlers out of what is not public."""
    return Response("User-agent: *\nDisallow: /\n", content_type="text/plain")
