"""Markdown → HTML: CommonMark with tables, strikethrough, task lists, bare links and mentions. Not yet safe to show:
`richtext` cleans what comes out of here.

A task is a line of a list with a box: `- [ ] @ben bring the keys due:2027-03-29 remind:2`. The day it is due and how many days before
it he is reminded are words of their own, written as in todo.txt; where no number of days is said, the morning before.
"""

from __future__ import annotations

import re
from html import escape

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_MENTION = re.compile(r"(?<![\w@/.&=+-])@([A-Za-z0-9](?:[\w-]*[A-Za-z0-9])?)")
_TASK = re.compile(r"\[([ xX])\]\s+")
_BOX = re.compile(r"\[[ xX]\](?=\s)")
SAID = re.compile(r"(?:^|(?<=\s))(?:(due):(\d{4}-\d{2}-\d{2})|(remind):(\d{1,3}))(?=\s|$)")


def _mention_rule(state: StateCore) -> None:
    for block in state.tokens:
        if block.type != "inline" or "@" not in block.content or not block.children:
            continue
        block.children = _with_mentions(block.children)


def _with_mentions(children: list[Token]) -> list[Token]:
    done: list[Token] = []
    links = 0
    for token in children:
        links += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        if token.type != "text" or links or "@" not in token.content:
            done.append(token)
            continue
        at = 0
        for match in _MENTION.finditer(token.content):
            if match.start() > at:
                done.append(_text(token.content[at : match.start()]))
            named = Token("mention", "", 0)
            named.content = match.group(1)
            done.append(named)
            at = match.end()
        if at < len(token.content):
            done.append(_text(token.content[at:]))
    return done


def _text(content: str) -> Token:
    token = Token("text", "", 0)
    token.content = content
    return token


def _task_rule(state: StateCore) -> None:
    """`- [ ] this` becomes what the editor stores for a task."""
    lists: list[Token] = []
    for index, token in enumerate(state.tokens):
        if token.type == "bullet_list_open":
            lists.append(token)
        elif token.type == "bullet_list_close" and lists:
            lists.pop()
        elif token.type == "list_item_open" and lists and index + 2 < len(state.tokens):
            text = state.tokens[index + 2]
            first = text.children[0] if text.type == "inline" and text.children else None
            mark = _TASK.match(first.content) if first is not None and first.type == "text" else None
            if mark and first:
                first.content = first.content[mark.end() :]
                token.attrSet("data-type", "taskItem")
                token.attrSet("data-checked", "false" if mark.group(1) == " " else "true")
                token.meta["line"] = text.map[0] if text.map else None
                lists[-1].attrSet("data-type", "taskList")
                _take_day(token, text.children or [])


def _take_day(item: Token, words: list[Token]) -> None:
    """`due:` and `remind:` are what the editor stores for them; they stay to be read, too."""
    said: dict[str, str] = {}
    for token in words:
        if token.type == "text" and ":" in token.content:
            for due, day, remind, days in SAID.findall(token.content):
                said.setdefault(due or remind, day or days)
    if "due" in said:
        item.attrSet("data-due-on", said["due"])
        item.attrSet("data-remind", said.get("remind", "1"))


def _smaller_headings(state: StateCore) -> None:
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close") and token.tag in ("h4", "h5", "h6"):
            token.tag = "h3"


def _make() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    made.enable(["table", "strikethrough", "linkify"])
    made.core.ruler.push("mention", _mention_rule)
    made.core.ruler.push("task", _task_rule)
    made.core.ruler.push("smaller_headings", _smaller_headings)
    made.renderer.rules["mention"] = _render_mention  # type: ignore[attr-defined]  # a dict, whatever the protocol says
    return made


def _render_mention(tokens: list[Token], index: int, *_rest: object) -> str:
    name = escape(tokens[index].content)
    return f'<span data-mention-id="{name}">@{name}</span>'


_parser = _make()


def render(text: str) -> str:
    """HTML, with raw HTML in the source shown as text."""
    return _parser.render(text)


def ticked(text: str, place: int, *, done: bool) -> str:
    """The text with one of its boxes, counted from one, ticked or empty."""
    tasks = [token for token in _parser.parse(text) if token.attrGet("data-type") == "taskItem"]
    at = tasks[place - 1].meta["line"] if 0 < place <= len(tasks) else None
    if at is None:
        return text
    lines = text.split("\n")
    lines[at] = _BOX.sub("[x]" if done else "[ ]", lines[at], count=1)
    return "\n".join(lines)


def mentions(text: str) -> list[str]:
    """Names after an @, outside code and links."""
    if "@" not in text:
        return []
    blocks = _parser.parse(text)
    return [token.content for block in blocks for token in block.children or () if token.type == "mention"]
