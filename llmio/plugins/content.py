"""What a message says, in neutral parts; each format lays them out as its chat can.

`Renderer` puts parts into one text; `Markdown`, `Plain` and `Html` are such renderers, and a format derives its own from
`Renderer` where its chat has other marks (plugin `webhook_slack` does).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape as html_escape
from typing import ClassVar
from unicodedata import combining, east_asian_width

BAR = 10
BLOCKS = {2: "██", 1: "▒▒", 0: "··"}
"""How a meeting grid shows yes, if need be, and no."""
NO_BREAK = "\u200b"
CALLS_ALL = re.compile(r"@(?=(?:all|channel|here|everyone|room|personEmail|personId)\b)", re.IGNORECASE)
MARKS = re.compile(r"([\\`*_\[\]~|<>])")


@dataclass(frozen=True)
class Link:
    """A title that leads somewhere."""

    title: str
    url: str


@dataclass(frozen=True)
class Headline:
    """What happened, in one sentence."""

    text: str


@dataclass(frozen=True)
class Title:
    """What it is about, leading there."""

    text: str
    url: str


@dataclass(frozen=True)
class Quote:
    """What the person who acted wants to say with it."""

    text: str


@dataclass(frozen=True)
class Prose:
    """What somebody wrote: safe HTML and the same as Markdown."""

    html: str
    markdown: str


@dataclass(frozen=True)
class Note:
    """A fact to know: votes are anonymous, when it closes, how many have voted. `label` says what it is a list of."""

    text: str
    label: str = ""


@dataclass(frozen=True)
class Links:
    """A list of links under a label: options to vote for, attached files."""

    label: str
    links: tuple[Link, ...]


@dataclass(frozen=True)
class Action:
    """The one thing to do next."""

    link: Link


@dataclass(frozen=True)
class Line:
    """A line of a chart: what it is, how long its bar is (0 to 100), its numbers as text."""

    label: str
    percent: float
    cells: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """Results: a heading, headings of the number columns, a line for each option."""

    title: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class GridLine:
    """A time of a meeting: what each person said (2 yes, 1 if need be, 0 no, None nothing)."""

    label: str
    scores: tuple[int | None, ...]
    total: str = ""


@dataclass(frozen=True)
class Grid:
    """Who can come when; `people` are initials, or numbers where nobody may be named."""

    title: str
    people: tuple[str, ...]
    lines: tuple[GridLine, ...]


Part = Headline | Title | Quote | Prose | Note | Links | Action | Chart | Grid


def width(text: str) -> int:
    """How many places a text takes where all letters are of one width."""
    return len(text) if text.isascii() else sum(map(_places, text))


def _places(letter: str) -> int:
    return 0 if combining(letter) else 2 if east_asian_width(letter) in "WF" else 1


def padded(text: str, places: int, *, right: bool = False) -> str:
    """A text filled up with spaces, or cut, to so many places."""
    if width(text) > places:
        kept, left = "", places - 1
        for letter in text:
            left -= _places(letter)
            if left < 0:
                break
            kept += letter
        text = kept + "…"
    gap = " " * (places - width(text))
    return gap + text if right else text + gap


def boxed(heads: Sequence[str], rows: Sequence[Sequence[str]], *, most: int = 32) -> str:
    """A table drawn with lines; the first column is text, the others stand to the right."""
    clean = [[" ".join(cell.replace("`", "'").split()) for cell in row] for row in [heads, *rows]]
    sizes = [min(most, max(width(row[place]) for row in clean)) for place in range(len(heads))]

    def drawn(row: Sequence[str]) -> str:
        cells = (padded(cell, sizes[place], right=place > 1) for place, cell in enumerate(row))
        return "│ " + " │ ".join(cells) + " │"

    def rule(left: str, middle: str, right: str) -> str:
        return left + middle.join("─" * (size + 2) for size in sizes) + right

    return "\n".join(
        [rule("┌", "┬", "┐"), drawn(clean[0]), rule("├", "┼", "┤"), *map(drawn, clean[1:]), rule("└", "┴", "┘")]
    )


def bar(percent: float) -> str:
    """Ten blocks, as many of them filled as tenths are reached."""
    filled = max(0, min(BAR, round(percent / 100 * BAR)))
    return "█" * filled + "░" * (BAR - filled)


def chart_text(chart: Chart) -> str:
    """A chart as a table of letters of one width."""
    return boxed(["", "", *chart.heads], [[line.label, bar(line.percent), *line.cells] for line in chart.lines])


def grid_text(grid: Grid) -> str:
    """A meeting grid: a column of two places for each person."""
    names = " ".join(padded(name, 2) for name in grid.people)
    rows = [
        [line.label, " ".join(BLOCKS.get(_score(one), "  ") for one in line.scores), line.total] for line in grid.lines
    ]
    return boxed(["", names, ""], rows, most=200)


def _score(score: int | None) -> int:
    return -1 if score is None else max(0, min(2, score))


class Renderer:
    """Parts as one text. Subclasses say how to escape, mark and link; what they leave out reads as plain text."""

    gap: ClassVar[str] = "\n\n"

    def render(self, parts: Sequence[Part]) -> str:
        """All parts, one below the other."""
        return self.gap.join(text for text in map(self.part, parts) if text)

    def part(self, part: Part) -> str:
        """One part."""
        makers: dict[type, Callable[..., str]] = {
            Headline: self.headline,
            Title: self.title,
            Quote: self.quote,
            Prose: self.prose,
            Note: self.note,
            Links: self.links,
            Action: lambda one: self.strong(self.link(one.link)),
            Chart: self.chart,
            Grid: lambda one: self.heading(one.title) + self.fence(grid_text(one)),
        }
        return makers[type(part)](part)

    # -- marks -----------------------------------------------------------------------------------------------------------

    def escape(self, text: str) -> str:
        """What people typed, without any power."""
        return text

    def strong(self, marked: str) -> str:
        """Heavier."""
        return marked

    def link(self, link: Link) -> str:
        """A link."""
        return f"{link.title}: {link.url}"

    def fence(self, text: str) -> str:
        """Lines of letters of one width."""
        return text

    def item(self, marked: str) -> str:
        """A line of a list."""
        return f"- {marked}"

    # -- parts -----------------------------------------------------------------------------------------------------------

    def headline(self, part: Headline) -> str:
        """What happened."""
        return self.strong(self.escape(part.text))

    def title(self, part: Title) -> str:
        """What it is about."""
        return self.link(Link(part.text, part.url))

    def quote(self, part: Quote) -> str:
        """Words of the one who acted."""
        return "\n".join(f"> {self.escape(line)}" for line in part.text.splitlines())

    def prose(self, part: Prose) -> str:
        """What somebody wrote."""
        return part.markdown

    def note(self, part: Note) -> str:
        """A fact."""
        text = self.escape(part.text)
        return f"{self.strong(self.escape(part.label) + ':')} {text}" if part.label else text

    def links(self, part: Links) -> str:
        """A list of links."""
        return "\n".join([self.strong(self.escape(part.label)), *(self.item(self.link(one)) for one in part.links)])

    def chart(self, part: Chart) -> str:
        """Results."""
        notes = [self.item(self.escape(f"{line.label}: {line.note}")) for line in part.lines if line.note]
        return "\n".join([self.heading(part.title) + self.fence(chart_text(part)), *notes])

    def heading(self, title: str) -> str:
        """A line above a table."""
        return self.strong(self.escape(title)) + "\n" if title else ""


class Plain(Renderer):
    """Text without any marks."""

    def fence(self, text: str) -> str:
        """As it is."""
        return text


class Markdown(Renderer):
    """Markdown, as Mattermost, Discord and Webex read it. Nobody's words call a whole channel."""

    def escape(self, text: str) -> str:
        """Backslashes before marks."""
        return quiet(MARKS.sub(r"\\\1", text))

    def strong(self, marked: str) -> str:
        """Bold."""
        return f"**{marked}**"

    def link(self, link: Link) -> str:
        """A link."""
        return f"[{self.escape(' '.join(link.title.split()))}]({link.url.replace(')', '%29').replace(' ', '%20')})"

    def fence(self, text: str) -> str:
        """A block of code."""
        return f"```\n{quiet(text)}\n```"

    def prose(self, part: Prose) -> str:
        """As it was written."""
        return quiet(part.markdown)


class Html(Renderer):
    """HTML of the few tags that chats know."""

    gap = ""

    def escape(self, text: str) -> str:
        """Entities."""
        return html_escape(text)

    def strong(self, marked: str) -> str:
        """Bold."""
        return f"<strong>{marked}</strong>"

    def link(self, link: Link) -> str:
        """A link."""
        return f'<a href="{html_escape(link.url)}">{html_escape(link.title)}</a>'

    def fence(self, text: str) -> str:
        """A block of code."""
        return f"<pre><code>{html_escape(text)}</code></pre>"

    def item(self, marked: str) -> str:
        """A line of a list."""
        return f"<li>{marked}</li>"

    def part(self, part: Part) -> str:
        """One part, a paragraph by itself where it is no block already."""
        made = super().part(part)
        return f"<p>{made}</p>" if isinstance(part, Headline | Title | Note | Action) else made

    def quote(self, part: Quote) -> str:
        """Words of the one who acted."""
        return f"<blockquote>{html_escape(part.text)}</blockquote>".replace("\n", "<br>")

    def prose(self, part: Prose) -> str:
        """What somebody wrote."""
        return part.html

    def links(self, part: Links) -> str:
        """A list of links."""
        items = "".join(self.item(self.link(one)) for one in part.links)
        return f"<p>{self.strong(self.escape(part.label))}</p><ul>{items}</ul>"

    def chart(self, part: Chart) -> str:
        """Results."""
        notes = "".join(self.item(self.escape(f"{line.label}: {line.note}")) for line in part.lines if line.note)
        return self.heading(part.title) + self.fence(chart_text(part)) + (f"<ul>{notes}</ul>" if notes else "")

    def heading(self, title: str) -> str:
        """A line above a table."""
        return f"<p>{self.strong(self.escape(title))}</p>" if title else ""


def quiet(text: str) -> str:
    """A text in which @channel and its like are words, not calls."""
    return CALLS_ALL.sub(f"@{NO_BREAK}", text)


def shortened(parts: Sequence[Part], render: Callable[[Sequence[Part]], str], fits: Callable[[str], bool]) -> str:
    """The parts as one text that fits: first without long prose, then without parts from the end.

    What somebody wrote is behind the title's link anyway; the table of results is more worth keeping.
    """
    kept = list(parts)
    text = render(kept)
    while not fits(text) and any(isinstance(part, Prose) for part in kept):
        kept.remove(next(part for part in reversed(kept) if isinstance(part, Prose)))
        text = render(kept)
    while not fits(text) and len(kept) > 1:
        kept.pop()
        text = render(kept)
    return text
