"""What a person wrote in answer to a mail: without the mail they answered, and without signatures.

Three sieves, the surest first: our own mark in the mails we send; the shape of quotes in plain text (a line that says
who wrote, then lines with `>`), which needs no language; then the library, which knows how mail programs introduce
an older mail in many languages. Lines that remain stay as they were typed.
"""

from __future__ import annotations

import re

from mailparser_reply import EmailReplyParser
from mailparser_reply.constants import MAIL_LANGUAGES

from llmio.mail.incoming import html
from llmio.mail.incoming.habits import (
    BLOCK_LABELS,
    BLOCK_SHAPE,
    DATED,
    HEADED,
    LIST_LINE,
    OF_LIST,
    SENT_FROM,
    SEPARATOR,
    WROTE,
)
from llmio.mail.incoming.letter import Letter, text_of

DELIMITER = "\ufeff" * 8
"""Four pairs of U+FEFF: what stands below it in a mail of ours is no answer."""
MARK = re.compile(r"(?:\ufeff[ \t>]*){4,}")
INVISIBLE = re.compile("[\u200b\u2060\ufeff\u00ad\u202a-\u202e\u2066-\u2069]")
EDGES = re.compile("^[\u200e\u200f\u061c \t]+(?=[\u200e\u200f\u061c])|^[\u200e\u200f\u061c]+|[\u200e\u200f\u061c]+$")
"""Marks of direction at both ends of a line, which some programs put around what they write."""
QUOTED = re.compile(r"[ \t]*>")
INTRODUCES = re.compile(r"(?=.*(?:\d|@)).{4,}[:：]\s*$")
ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>]+>?")
RUN_ON = re.compile(r"[ \t]*(?=.{0,200}\d).{6,300}@.{1,200}[:：]\s{2,}\S")
"""Yahoo's program puts the older mail into the line that introduces it."""
LETTERHEAD = re.compile(
    r"(?=.*\d{1,2}[:.h]\d{2})(?=.*(?:\d{4}|\d{1,2}[./]\d{1,2}[./]\d{2}))(?!.*(?:https?:|mailto:)).{0,200}<[^<>\s]+@[^<>\s]+>[^<>@]{0,40}[:：]"
)
INTRODUCTION = re.compile(r"(?=.*\d{1,2}[:.h]\d{2})(?=.*\d{4}).{0,250}<[ ]?[^<>\s]+@[^<>\s]+>.{0,60}[:：]")
DASHED = re.compile(r"-{3,} (?=.*\d{1,2}:\d{2}).{0,200}<?[^<>\s]+@[^<>\s]+>?.{0,60} -{3,}")
"""How Zoho does."""
NAMED = re.compile(r"-{4,}.{0,200}<[^<>\s]+@[^<>\s]+>.{0,40}[:：] ?-{4,}")
"""How Notes does."""
ARROWED = re.compile(r">{3} (?=.*\d{1,2}[:.]\d{2}).{3,200} >{3}")
"""How GroupWise does."""
TRAILED = re.compile(r"[^<>]{0,100}<[^<>\s]+@[^<>\s]+> [–—-] (?=.*\d{4})(?=.*\d{1,2}[:.h]\d{2}).{8,60}")
"""How Nextcloud does."""
LETTERHEADS = (LETTERHEAD, DASHED, NAMED, ARROWED, TRAILED)
FEW_BLANKS = re.compile(r" {1,3}\S")
SIGNATURE = re.compile(r"--[ \u00a0]?$")
LONGEST_SIGNATURE, LONGEST_LINE = 15, 600
LINKED = re.compile(r"\[([^\[\]]{1,100})\]\([^()\s]{1,400}\)")
"""A link, as Markdown has it."""
POINTED = re.compile(r" ?[<(]https?://[^\s<>()]{1,400}[>)]")
"""Where a link goes, as programs write it into plain text."""
RULE = re.compile(r"[-_*]{3,}$")
LIBRARY_LINES, LIBRARY_WIDTH = 400, 120
"""What is given to the library: its expressions look at each line many times, at a long one endlessly."""
_parser = EmailReplyParser(languages=[name for name in MAIL_LANGUAGES if len(name) == 2])


def answer(text: str) -> str:
    """The words of the answer, as Markdown; empty where there are none."""
    lines = _before_mark(text.replace("\u00a0", " ")).split("\n")
    lines = [EDGES.sub("", INVISIBLE.sub("", line).rstrip()).rstrip() for line in lines]
    lines = _without_quotes(_without_tail(_without_list(_trim(lines))))
    lines = _before_older_mail(lines)
    lines = _trim(_without_signature(lines))
    if lines and FEW_BLANKS.match(lines[0]):
        lines[0] = lines[0].lstrip()
    return "\n".join(lines)


def answer_of(letter: Letter) -> str:
    """The answer in a mail; where it has HTML alone, quotes are taken out by their marks first."""
    return answer(text_of(html.without_quotes(letter.html)) if letter.html and not letter.has_text else letter.text)


def without_mark(text: str) -> str:
    """The text without our mark, where it is a whole mail that is meant."""
    return MARK.sub("", text)


def _before_mark(text: str) -> str:
    found = MARK.search(text)
    return text[: found.start()] if found else text


def _trim(lines: list[str]) -> list[str]:
    start, end = 0, len(lines)
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return lines[start:end]


def _without_tail(lines: list[str]) -> list[str]:
    """Without a signature below the last quote: what stands above the quote is the answer then."""
    last = max((number for number, line in enumerate(lines) if QUOTED.match(line)), default=len(lines))
    tail = _trim(lines[last + 1 :])
    if tail and (SIGNATURE.match(tail[0]) or all(_is_sent_from(line) for line in tail if line.strip())):
        return lines[: last + 1]
    return lines


# -- quotes with > -------------------------------------------------------------------------------------------------------


def _without_quotes(lines: list[str]) -> list[str]:
    """Without the quote at the end, and without one at the beginning; those between words stay: they are answered."""
    lines = _without_last_quote(lines)
    if not lines:
        return lines
    start = _introduction(lines, 0)
    if start < len(lines) and QUOTED.match(lines[start]):
        end = start
        while end < len(lines) and (QUOTED.match(lines[end]) or not lines[end].strip()):
            end += 1
        if not any(QUOTED.match(line) for line in lines[end:]):
            return _trim(lines[end:])
        return _trim(lines[start:])
    return lines


def _introduction(lines: list[str], start: int) -> int:
    """Past the lines that say who wrote what is quoted next (at most three, then perhaps a blank one)."""
    for length in (1, 2, 3):
        end = start + length
        if any(not line.strip() for line in lines[start:end]):
            break  # what stands above a blank line are words of their own
        after = end + 1 if end < len(lines) and not lines[end].strip() else end
        if after < len(lines) and QUOTED.match(lines[after]) and introduces(" ".join(lines[start:end])):
            return after
    return start


def _without_last_quote(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and (QUOTED.match(lines[end - 1]) or not lines[end - 1].strip()):
        end -= 1
    if end == len(lines):
        return _without_open_introduction(lines)
    kept = _trim(lines[:end])
    return _without_open_introduction(kept)


def _without_open_introduction(lines: list[str]) -> list[str]:
    """Without the last lines, where they only say who wrote what was cut off below them."""
    for dated in (True, False):
        for length in (1, 2, 3):
            words = " ".join(line.strip() for line in lines[-length:])
            if len(lines) >= length and introduces(words, dated=dated):
                return _trim(lines[:-length])
    return lines


def introduces(words: str, *, dated: bool = False) -> bool:
    """Whether a line says by whom (`dated`: and when) what follows was written; wrapped ones only as a whole."""
    words = words.strip()
    if len(words) > 400 or not INTRODUCES.match(words) or words.startswith("<"):
        return False
    if dated and not re.search(r"\d", ADDRESS.sub("", words)):
        return False
    return bool(WROTE.search(words) or ADDRESS.search(words))


# -- older mails without > -----------------------------------------------------------------------------------------------


def _before_older_mail(lines: list[str]) -> list[str]:
    lines = lines[: _block(lines)]
    text = "\n".join(line[:LIBRARY_WIDTH] for line in lines[:LIBRARY_LINES])
    replies = _parser.read(text).replies if text.strip() else []
    heads = (replies[1].headers or "").split("\n") if len(replies) > 1 else [""]
    if not DATED.search(" ".join(heads)) or (BLOCK_LABELS.match(heads[0]) and not _is_head(heads)):
        # "On Tuesday I wrote:" is what somebody says; a mail program names a date or an address.
        return lines
    kept = len((replies[0].content or "").strip("\n").split("\n")) if (replies[0].content or "").strip() else 0
    return _without_open_introduction(_trim(lines[:kept]))


def _block(lines: list[str]) -> int:
    """Where the headers of an older mail stand in the text, as Outlook puts them; the length where they do not."""
    return next((number for number in range(len(lines)) if _begins_older(lines, number)), len(lines))


def _begins_older(lines: list[str], number: int) -> bool:
    line = lines[number]
    if RUN_ON.match(line) and WROTE.search(line):
        return True
    if _is_separator(lines, number):
        return True
    if number and (_introduced(lines, number) or _is_letterhead(line) or _is_letterhead_of_two(lines, number)):
        return True
    head = lines[number : number + 8]
    if BLOCK_LABELS.match(line) and _is_head(head):
        return True
    shown = head[: len(BLOCK_SHAPE)]
    return len(shown) == len(BLOCK_SHAPE) and all(
        shape.match(one[:400]) for shape, one in zip(BLOCK_SHAPE, shown, strict=True)
    )


def _is_separator(lines: list[str], number: int) -> bool:
    """Whether a line divides off an older mail: by its words, or by dashes above the head of one."""
    line = lines[number].strip()
    if HEADED.match(line) and _labels(lines[number + 1 : number + 8]) >= 2:
        return True
    if not SEPARATOR.match(line):
        return False
    if "-" in line[:6] and len(line) > 12 and re.search(r"\w", line):
        return True
    following = [one for one in lines[number + 1 : number + 4] if one.strip()]
    return bool(following) and _labels(following + lines[number + 4 : number + 10]) >= 2


def _introduced(lines: list[str], number: int) -> bool:
    """Whether it is said from here on who wrote from which address and when; in up to three lines, at whose last an older mail begins."""
    if _is_introduction(lines[number]):
        return True
    if not lines[number].strip() or lines[number - 1].strip():
        return False
    words = ""
    for line in lines[number : number + 3]:
        if not line.strip() or len(words) > 400 or _is_introduction(line):
            return False
        words = f"{words} {line.strip()}".strip()
        if _is_introduction(words):
            return True
    return False


def _is_introduction(words: str) -> bool:
    words = words[:LONGEST_LINE].strip()
    return len(words) <= 400 and bool(
        INTRODUCTION.fullmatch(words) and introduces(words, dated=True) and WROTE.search(words)
    )


def _is_letterhead(line: str) -> bool:
    """Whether a line says of an older mail, which follows without marks, when and from which address it came: `25.11.2026, 14:03, X <x@…>:`."""
    line = line.strip()
    return len(line) <= 400 and any(one.fullmatch(line) for one in LETTERHEADS)


def _is_letterhead_of_two(lines: list[str], number: int) -> bool:
    """The same in two lines; what stands above one that has all of it are words of their own."""
    return (
        number + 1 < len(lines)
        and not _is_letterhead(lines[number + 1])
        and _is_letterhead(" ".join(lines[number : number + 2]))
    )


def _is_head(lines: list[str]) -> bool:
    """Whether these are the heads of a mail: three with an address, or four with a day; whoever lists "From: Berlin, To: Paris, Date: 3.12.2026" has
    neither.
    """
    heads = [line[:400] for line in lines if BLOCK_LABELS.match(line)]
    wanted = 3 if any("@" in one for one in heads) else 4
    return len(heads) >= wanted and any(DATED.search(one) for one in heads)


def _labels(lines: list[str]) -> int:
    return sum(bool(BLOCK_LABELS.match(line)) for line in lines)


# -- signatures ----------------------------------------------------------------------------------------------------------


def _without_list(lines: list[str]) -> list[str]:
    """Without what a mailing list added at the end."""
    for number in range(max(0, len(lines) - LONGEST_SIGNATURE), len(lines)):
        if LIST_LINE.match(lines[number]) and any(OF_LIST.search(line) for line in lines[number + 1 :]):
            return _trim(lines[:number])
    return lines


def _without_signature(lines: list[str]) -> list[str]:
    lines = _trim(lines)
    for number, line in enumerate(lines):
        if SIGNATURE.match(line) and len(lines) - number <= LONGEST_SIGNATURE and number + 1 < len(lines):
            lines = _trim(lines[:number])
            break
    lines = _without_programs(lines)
    if lines and SIGNATURE.match(lines[-1]):
        lines = _trim(lines[:-1])
    return lines


def _without_programs(lines: list[str]) -> list[str]:
    """Without what programs say of themselves at the end, and rules that divided it from the words; one below words makes a heading of them."""
    end = len(lines)
    while end:
        line = lines[end - 1].strip()
        above = "".join(lines[max(end - 2, 0) : end - 1]).strip()
        is_rule = RULE.match(line) and (not above or _is_sent_from(above))
        if line and not is_rule and not _is_sent_from(line):
            break
        end -= 1
    return lines[:end]


def _is_sent_from(line: str) -> bool:
    """Whether a line only says from where, or with what program, it was sent."""
    if len(line) > LONGEST_LINE:
        return False
    words = POINTED.sub("", LINKED.sub(r"\1", line))
    return bool(SENT_FROM.match(words.strip().strip("*_-").strip()))
