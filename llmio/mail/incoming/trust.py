"""Whether a mail's From may be believed, from what is known of SPF, DKIM and DMARC.

Our own SMTP server checks all three. A relay before us may say what it found in a header `harakadata`, or nothing:
then the relay's own refusals are all there is, and From is believed, as the reference does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from llmio.mail.incoming.letter import Letter

Word = Literal["pass", "fail", ""]
FAILS = frozenset({"fail", "softfail", "hardfail", "permerror", "invalid", "reject", "quarantine", "false"})
DEEPEST = 6


@dataclass(frozen=True)
class Checks:
    """What is known; empty where nothing is. `proved`: the domain of From stands for this mail (None: unknown)."""

    spf: Word = ""
    dkim: Word = ""
    dmarc: Word = ""
    proved: bool | None = None

    @property
    def believed(self) -> bool:
        """Whether the sender is who From says, as far as anybody looked."""
        if self.proved is not None:
            return self.proved
        if self.dmarc:
            return self.dmarc == "pass"
        if "fail" in (self.spf, self.dkim):
            # A forwarded mail fails SPF and keeps its signature.
            return self.dkim == "pass"
        return True


def checks_of(letter: Letter, stored: Mapping[str, Any]) -> Checks:
    """What the door found out, else what the relay's header says."""
    if stored:
        return Checks(
            word(stored.get("spf")), word(stored.get("dkim")), word(stored.get("dmarc")), stored.get("proved")
        )
    found = {"spf": "", "dkim": "", "dmarc": ""}
    for name, value in letter.all_headers:
        if name == "harakadata":
            for key, said in _results(value):
                # Anybody can write such a header: among several, the worst counts.
                if found[key] != "fail":
                    found[key] = said or found[key]
    return Checks(word(found["spf"]), word(found["dkim"]), word(found["dmarc"]))


def word(value: object) -> Word:
    """One word for what a checker says in many."""
    if value is True:
        return "pass"
    text = str(value or "").strip().lower()
    if text.startswith("pass"):
        return "pass"
    return "fail" if text in FAILS or (value is False) else ""


def _results(text: str) -> Iterator[tuple[str, str]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return
    yield from _walk(data, 0)


def _walk(data: Any, depth: int) -> Iterator[tuple[str, str]]:
    if not isinstance(data, dict) or depth > DEEPEST:
        return
    for name, value in data.items():
        kind = next((one for one in ("spf", "dkim", "dmarc") if str(name).lower().startswith(one)), "")
        if kind:
            yield kind, _said(value)
        elif isinstance(value, dict):
            yield from _walk(value, depth + 1)


def _said(value: Any) -> str:
    """The verdict in what a plugin of haraka noted: a word, or `result`, or lists `pass` and `fail`."""
    if isinstance(value, dict):
        for name in ("result", "status", "verdict"):
            if value.get(name):
                return word(value[name])
        if value.get("pass"):
            return "pass"
        return "fail" if value.get("fail") else ""
    if isinstance(value, list):
        words = [_said(one) for one in value]
        return "pass" if "pass" in words else "fail" if "fail" in words else ""
    return word(value)
