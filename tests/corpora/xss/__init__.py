"""Texts by which scripts were brought into pages, one JSON string a line; each corpus has its licence beside it.

`brs-kb`: those of BRS-KB 4.0.2 (MIT) that hold markup, an address or an escape. `blns`: the Big List of Naughty Strings 2.0.4 (MIT).
`OWN`: what the cleaner's own kinds of input allow: the editor's elements, Markdown, and markup that changes when it is read again.
"""

from __future__ import annotations

import json
from pathlib import Path

FOLDER = Path(__file__).parent
OWN = (
    '<span data-mention-id="&quot;><img src=x onerror=alert(1)>">@x</span>', '<span data-mention-id="x" onclick="alert(1)">@x</span>',
    '<span class="mention" data-mention-id="x\' onmouseover=alert(1) y=\'">@x</span>', '<h2 id="x" onclick=alert(1)>a</h2>',
    '<h1><img alt="</h1><script>alert(1)</script>" src=x></h1>', "<h2>&lt;script&gt;alert(1)&lt;/script&gt;</h2>", '<h3 data-type="><script>alert(1)</script>">x</h3>',
    '<a href="java&#10;script:alert(1)">x</a>', '<a href="\x01javascript:alert(1)">x</a>', '<a title="&quot; onclick=&quot;alert(1)" href="/x">x</a>',
    '<a href="https://x" title=">" onmouseover="alert(1)">x</a>', '<img alt=">" src=x onerror=alert(1)>', '<img alt="a" title="&quot; onerror=&quot;alert(1)" src="x">',
    '<img src="/files/1" alt="x&quot; onerror=alert(1) &quot;">', '<video poster="javascript:alert(1)" src="x" onerror=alert(1)></video>',
    '<iframe src="https://www.youtube.com/embed/1" srcdoc="<script>alert(1)</script>"></iframe>', '<iframe src="javascript:alert(1)//https://www.youtube.com/"></iframe>',
    '<iframe src="https://www.youtube.com/embed/1"><script>alert(1)</script></iframe>', '<iframe src="https://www.youtube.com\\@evil.example/"></iframe>',
    '<iframe src="https://www.youtube.com/embed/1&quot; onload=&quot;alert(1)"></iframe>', '<iframe src="https://www.youtube.com/x" width="1&quot; onload=&quot;alert(1)"></iframe>',
    '<ul data-type="taskList"><li data-type="taskItem" data-checked="true" data-uid="1&quot; onclick=&quot;alert(1)">x</li></ul>',
    '<li data-uid="<img src=x onerror=alert(1)>" data-due-on="</li><script>alert(1)</script>">x</li>', '<mark data-color="red;background:url(javascript:alert(1))">x</mark>',
    '<p data-text-align="x&quot; style=&quot;background:url(javascript:alert(1))">x</p>', '<table><tr><td colspan="1&quot; onclick=&quot;alert(1)">x</td></tr></table>',
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>", '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
    '<svg></p><style><a id="</style><img src=1 onerror=alert(1)>">', '<noscript><p title="</noscript><img src=x onerror=alert(1)>">', "<template><s><template><s><img src=x onerror=alert(1)>@shafigullin</s></template></s></template>",
    '<math><annotation-xml encoding="text/html"><style><img title="</style><img src onerror=alert(1)>">', "<select><template><img src=x onerror=alert(1)></template></select>",
    '<p><svg><title><template><style><img title="</style><img src onerror=alert(1)>">', '<xmp><p title="</xmp><img src=x onerror=alert(1)>">', '<!--<img src="--><img src=x onerror=alert(1)//">',
    '<pre><table><pre><img title="</pre><img src=x onerror=alert(1)>"></table>', '<a><table><a><img title="</a><svg onload=alert(1)>"></table>', "\x00<script\x00>alert(1)</script>",
    "<script\x0c>alert(1)</script\x0c>", "<img/src=`x`onerror=alert(1)>", "<<script>alert(1)//<</script>", "<p id=currentScript><a id=body name=x href=y>x</a></p>", "<form id=attributes><input name=nodeName></form>",
    "[x](javascript:alert(1))", "[x](<javascript:alert(1)>)", "[x](java\tscript:alert(1))", "[x](JAVASCRIPT:alert(1))", "[x](data:text/html,<script>alert(1)</script>)", "![x](javascript:alert(1))",
    '![x](x "\\" onerror=alert(1) \\"")', '[x](/y "\\" onclick=alert(1) \\"")', '[x](https://x "><script>alert(1)</script>")', "<javascript:alert(1)>", '<https://x"onclick=alert(1)>', "[x][1]\n\n[1]: javascript:alert(1)",
    "[x](&#106;avascript:alert(1))", "[x](javascript&colon;alert(1))", "[x](vbscript:alert(1))", "- [x] <img src=x onerror=alert(1)>", "# <img src=x onerror=alert(1)>", "|<img src=x onerror=alert(1)>|b|\n|-|-|\n|c|d|",
    '```"><script>alert(1)</script>\nx\n```', '@x"onclick=alert(1)', "@<img/src=x onerror=alert(1)>", "`<script>alert(1)</script>`", 'https://x.org/"onmouseover="alert(1)', "www.x.org/<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;", "\\<script>alert(1)</script>", "<a\nhref=javascript:alert(1)>x</a>", '![](https://x/?"onerror=alert(1))',
)  # fmt: skip


def payloads() -> list[str]:
    """All of them."""
    files = [line for name in ("brs-kb", "blns") for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()]
    return [*OWN, *map(json.loads, files)]
