"""Targets by which a redirect is made to lead away; `evil.example` must not be reached by any of them."""

from __future__ import annotations

EVIL = "evil.example"
ELSEWHERE = (
    "https://evil.example", "http://evil.example/", "HTTPS://evil.example", "hTtP:evil.example", "https:evil.example", "https:/evil.example",
    "https:///evil.example", "//evil.example", "///evil.example", "////evil.example", "//evil.example/%2e%2e", "//evil.example@localhost/",
    "//localhost@evil.example", "https://localhost@evil.example", "https://localhost:80@evil.example/", "https://localhost%20@evil.example",
    "https://localhost.evil.example", "http://evil.example#localhost", "http://evil.example?localhost", "http://evil.example\\@localhost",
    "/\\evil.example", "\\/evil.example", "\\\\evil.example", "/\\/evil.example", "\\evil.example", "/\\\\evil.example", "\\/\\/evil.example/",
    "/\t/evil.example", "\t//evil.example", "/\n/evil.example", "/\r/evil.example", "//\tevil.example", "\r\n//evil.example", " //evil.example",
    "\x00//evil.example", "/\x00/evil.example", "\x0b//evil.example", "\x1f//evil.example", "\u00a0//evil.example", "\u2028//evil.example",
    "\ufeff//evil.example", "/\u200b/evil.example"[0:1] + "/evil.example", "java\tscript:alert(1)//evil.example", "javascript:alert('evil.example')",
    "JaVaScRiPt:alert('evil.example')", "\x01javascript:alert('evil.example')", "javascript://evil.example/%0aalert(1)", "vbscript:evil.example",
    "data:text/html,<script>alert('evil.example')</script>", "data:;base64,evil.example", "blob:https://evil.example/1", "file:///evil.example",
    "ftp://evil.example/", "ws://evil.example", "mailto:x@evil.example", "view-source:https://evil.example", "x-evil.example:1", "//evil。example",
    "//evil．example", "//evil｡example", "//ⓔⓥⓘⓛ.example", "//[::ffff:192.0.2.1]/evil.example", "//3221225985/evil.example", "//0xC0.0x00.0x02.0x01/evil.example",
    "http:evil.example", ":evil.example", "evil.example", "evil.example/x", "@evil.example", ".evil.example", "?next=//evil.example", "#//evil.example",
    "/x\r\nLocation: https://evil.example", "/x\nSet-Cookie: evil.example=1", "/\\\tevil.example", "/ /evil.example", "/\x7f/evil.example", "/" + "x" * 5000 + "?evil.example",
)  # fmt: skip
"""None of these is taken."""
ON_THE_SITE = (
    "/%09/evil.example", "/%5cevil.example", "/%2f/evil.example", "/%2f%2fevil.example", "/.//evil.example", "/..//evil.example", "/./\u002f/evil.example",
    "/;@evil.example", "/@evil.example", "/:80@evil.example", "/x/..//evil.example", "/.evil.example", "/~//evil.example", "/?https://evil.example",
    "/#https://evil.example", "/%E2%80%A8//evil.example", "/javascript:evil.example", "/evil.example", "/%0d%0aLocation:https://evil.example",
    "/\u202e//evil.example", "/\u3000/evil.example", "/é//evil.example", "/☃?evil.example", "/%00/evil.example", "/\u2215/evil.example", "/／evil.example",
)  # fmt: skip
"""Odd, but paths of the site itself: they may be taken, or not."""
