"""What a person typed, as PostgreSQL's full text search takes it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmio.plugins import Term

CONFIGURATIONS = {
    "ar": "arabic",
    "ca": "catalan",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "eu": "basque",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "lt": "lithuanian",
    "ne": "nepali",
    "nl": "dutch",
    "no": "norwegian",
    "nb": "norwegian",
    "nn": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
    "yi": "yiddish",
}
"""Language → configuration of PostgreSQL that knows its stems."""
_WORDS = re.compile(r"\w+")


def configuration(language: str) -> str:
    """The configuration for a language such as "pt_BR"; English where nobody said, `simple` for those without stems."""
    return CONFIGURATIONS.get(re.split(r"[-_]", language.lower())[0], "simple") if language else "english"


def tsquery(terms: Sequence[Term]) -> str:
    """Terms as a text for `to_tsquery`: every word as a prefix, all of them needed; "" where none is left to look for."""
    if all(term.excluded for term in terms):
        return ""
    return " & ".join(f"!({_term(term)})" if term.excluded else f"({_term(term)})" for term in terms)


def _term(term: Term) -> str:
    """A phrase as it stands. A word by its beginning; one with signs in it as PostgreSQL reads it, or as its parts."""
    if term.phrase:
        return _quoted(term.text)
    whole, parts = _quoted(term.text) + ":*", _WORDS.findall(term.text)
    if parts == [term.text]:
        return whole
    return f"{whole} | ({' & '.join(_quoted(part) + ':*' for part in parts)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
