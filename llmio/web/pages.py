"""Pages that belong to no feature: the door, the style guide, robots, the map of the site."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring  # only written, never read

from pyramid.response import Response

from llmio.core.errors import NotFound
from llmio.core.i18n import _
from llmio.core.permissions import Permission
from llmio.core.urls import absolute
from llmio.discussions import queries as threads
from llmio.groups import queries as groups

MAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
MOST = 10_000
"""Groups, and threads, on the map: search engines take 50,000 lines."""


def includeme(config: Any) -> None:
    """Routes and views."""
    config.add_route("home", "/")
    config.add_view(home, route_name="home", permission=Permission.PUBLIC)
    config.add_route("robots", "/robots.txt")
    config.add_view(robots, route_name="robots", permission=Permission.PUBLIC)
    config.add_route("sitemap", "/sitemap.xml")
    config.add_view(sitemap, route_name="sitemap", permission=Permission.PUBLIC)
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
    """Keep search engines out, or away from what is private; they are told of the map where there is one."""
    settings = request.app.settings
    lines = ["User-agent: *", "Disallow: /"]
    if settings.on("site.robots"):
        lines = ["User-agent: *", *(f"Disallow: /{part}" for part in ("admin", "login_tokens", "profile", "search"))]
        if settings.on("features.sitemap"):
            lines += ["", f"Sitemap: {absolute(settings, '/sitemap.xml')}"]
    return Response("\n".join(lines) + "\n", content_type="text/plain")


def sitemap(request: Any) -> Response:
    """What is public, for search engines; 404 unless the operator wants it told."""
    settings = request.app.settings
    if not settings.on("features.sitemap"):
        raise NotFound(_("There is no such page."))
    tree = Element("urlset", xmlns=MAP)
    for path, moment in [*groups.public_paths(request.ctx, MOST), *threads.public_paths(request.ctx, MOST)]:
        entry = SubElement(tree, "url")
        SubElement(entry, "loc").text = absolute(settings, path)
        if moment:
            SubElement(entry, "lastmod").text = moment.date().isoformat()
    return Response(tostring(tree, xml_declaration=True, encoding="utf-8"), content_type="application/xml")
