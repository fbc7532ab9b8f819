"""What must not leave the site: known secrets, what looks like one, addresses of people and of their machines."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from llmio.core.settings import Settings

MASK: Final = "‹masked›"
SHORTEST = 4
"""Characters; a shorter secret stands in too many words to be looked for (its own setting is masked all the same)."""
LONG_LINE: Final = 12
"""Characters of a line that is a secret by itself."""
SECRET_NAME: Final = re.compile(
    r"SECRET|PASSW|TOKEN|KEY|DSN|CREDENTIAL|WEBHOOK|USERNAME|_USER$|PRIVATE|SALT", re.IGNORECASE
)
HARMLESS: Final = frozenset(
    {"", "0", "1", "true", "false", "yes", "no", "on", "off", "none", "llmio", "postgres", "default"}
)
USERINFO: Final = re.compile(r"(?<=://)[^\s/@'\"]+@")
NAMED: Final = re.compile(r"(?:[^\s<>:]+\s+){0,3}<[^\s<>]+@[^\s<>]+>")
"""A name and an address, as in headers of mails: up to three words before it."""
EMAIL: Final = re.compile(r"[^\s<>\"'(),;:=\[\]|/‹›]+(?:@|%40)[\w.-]+", re.UNICODE)
QUERY: Final = re.compile(r"\?[^\s\"'<>]+")
ASSIGNED: Final = re.compile(
    r"(?i)([\w-]*(?:passw\w*|secret|token|api[_-]?key|signature|authorization|cookie|credential)[\w-]*[\"']?\s*[=:]\s*)"
    r"(?:(?:bearer|basic|digest)\s+)?[^\s,;]+"
)
COOKIES: Final = re.compile(r"(?i)\b(cookie\s*:\s*).*")
BEARER: Final = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{6,}")
TOKEN: Final = re.compile(
    r"(?<![\w/+.-])(?=[\w+-]*\d)(?=[\w+-]*[A-Za-z])[\w+-]{20,}=*|(?<=/)(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{16,}"
)
ADDRESS: Final = re.compile(r"(?<![\w.:])[0-9A-Fa-f]*[:.][0-9A-Fa-f:.]{2,44}(?![\w])")
QUOTED: Final = re.compile(r"'(?:[^'\\]|\\.|'')*'|(?<!File )\"(?:[^\"\\]|\\.)*\"|«[^»]*»|“[^”]*”")
REST: Final = re.compile(
    r"(\[parameters:|\[SQL:|DETAIL: |STATEMENT: |CONTEXT: |Failing row contains|Key \().*", re.DOTALL
)
"""What databases and drivers say of values, up to the end of the line."""

BEGINNING: Final = re.compile(
    r"\d{4}-\d\d-\d\d|\[|HINT:|CONTEXT:|DETAIL:|STATEMENT:|Traceback|  File |[A-Z]+: |\{|\w+(?:\.\w+)*(?:Error|Exception)\b"
)
"""How a line begins that does not go on with the one before."""


class Masking:
    """Replaces what must not be told. Knows the secrets of this site by their values."""

    def __init__(self, secrets: Iterable[str]) -> None:
        found: set[str] = set()
        for secret in secrets:
            lines = [line.strip() for line in secret.splitlines() if len(line) >= LONG_LINE]  # of a key, one by one
            for one in (secret.strip(), unquote(secret.strip()), *lines):
                if len(one) >= SHORTEST and one.lower() not in HARMLESS:
                    coded = base64.b64encode(one.encode()).decode().rstrip("=")
                    found |= {one, quote(one, safe=""), quote(one), json.dumps(one)[1:-1], repr(one)[1:-1], coded}
        longest_first = sorted(found, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if found else None

    def text(self, text: str) -> str:
        """A text without them."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        text = REST.sub(rf"\1 {MASK}", text)
        text = COOKIES.sub(rf"\1{MASK}", text)
        text = ASSIGNED.sub(rf"\1{MASK}", text)
        text = BEARER.sub(rf"\1 {MASK}", text)
        text = USERINFO.sub(f"{MASK}@", text)
        text = QUERY.sub(f"?{MASK}", text)
        text = EMAIL.sub(MASK, NAMED.sub(MASK, text))
        text = TOKEN.sub(MASK, text)
        return ADDRESS.sub(_of_a_person, text)

    def line(self, line: str) -> str:
        """A line of a log: what is quoted may be anybody's words."""
        return self.text(QUOTED.sub(MASK, line))

    def lines(self, lines: Iterable[str]) -> Iterator[str]:
        """Lines of a log, without those on which a statement, or a value in one, goes on: they may hold anything."""
        within = False
        for line in lines:
            if line.startswith("\t") or (within and not BEGINNING.match(line)):
                continue
            within = REST.search(line) is not None
            yield self.line(line)

    def value(self, value: Any) -> Any:
        """Texts within lists and mappings likewise."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {str(name): self.value(one) for name, one in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return [self.value(one) for one in value]
        return value if isinstance(value, (int, float, bool)) or value is None else self.text(str(value))


def _of_a_person(match: re.Match[str]) -> str:
    """Addresses of the internet are somebody's; those of one's own network say how the site is built."""
    text = match[0].strip(".:") if match[0].count(":") < 2 else match[0].rstrip(".")
    try:
        return MASK if ipaddress.ip_address(text).is_global else match[0]
    except ValueError:
        return match[0]


def secrets_of(settings: Settings, env: Mapping[str, str]) -> Iterator[str]:
    """Every value of this site that is secret or looks so: settings, variables, files they name, what `llmio up` keeps."""
    for key, item in settings.declared.items():
        if item.secret or SECRET_NAME.search(item.env):
            yield from _parts(str(settings.values[key] or ""))
    for name, value in env.items():
        if SECRET_NAME.search(name):
            yield from _parts(value)
            if name.endswith("_FILE"):
                yield from _parts(_read(Path(value)))
        else:
            yield from _in_address(value)
    folder = Path(settings.text("llmio.data"))
    yield from _within(_read(folder / "secrets.json"))
    yield from _within(_read(folder / "run" / "environment.json"))
    yield _read(folder / "setup-token")


def _parts(value: str) -> Iterator[str]:
    yield value
    yield from _in_address(value)
    yield from _within(value if value.lstrip().startswith("{") else "")


def _in_address(value: str) -> Iterator[str]:
    """User and password of an address."""
    try:
        parts = urlsplit(value)
        if parts.password:
            yield parts.password
        if parts.username and "://" in value:
            yield parts.username
    except ValueError:
        return


def _within(text: str) -> Iterator[str]:
    """The values of a JSON file of secrets."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return
    for name, value in found.items() if isinstance(found, dict) else ():
        if SECRET_NAME.search(name):
            yield str(value)
        yield from _in_address(str(value))


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")[:10_000].strip()
    except (OSError, ValueError):
        return ""
