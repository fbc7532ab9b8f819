"""What a person typed, as PostgreSQL's full text search takes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias
from unicodedata import normalize

from sqlalchemy import TextClause, text

from llmio.plugins import Term

Spellings: TypeAlias = Mapping[str, Sequence[str]]
NONE: Final[Spellings] = MappingProxyType({})

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
APART = "\x1f"
"""Between letters of scripts that put no blanks between words; a blank to PostgreSQL."""
# Thai, Lao, Burmese, Khmer, with the marks of a letter; kana and Han.
_UNSPACED = re.compile(
    r"[\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0eb3\u0ec0-\u0ec6\u1000-\u102a\u1780-\u17b3]"
    r"[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd\u102b-\u103e\u17b4-\u17d3]*"
    r"|[\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    r"\U00020000-\U0003ffff]"
)
RUN = re.compile(f"(?:{_UNSPACED.pattern})+")
_JOINED = re.compile(
    r"(?<!\w)\w++(?:[^\w\s]++\w++)+"
)  # tries each word once: a text may be one word of 100,000 letters


@lru_cache(maxsize=512)
def statement(written: str) -> TextClause:
    """A statement, its parameters read once: there are as many as searches have shapes."""
    return text(written)


def configuration(language: str) -> str:
    """The configuration for a language such as "pt_BR"; English where nobody said, `simple` for those without stems."""
    return CONFIGURATIONS.get(re.split(r"[-_]", language.lower())[0], "simple") if language else "english"


def words_of(terms: Iterable[Term]) -> list[str]:
    """The words in terms as they were typed, each once."""
    return list(dict.fromkeys(word for term in terms for word in _WORDS.findall(_composed(term.text))))


def plain_word(term: Term) -> str:
    """The word that a term is, as it was typed; "" where it is a phrase or has signs in it."""
    written = _composed(term.text)
    return written if not term.phrase and _WORDS.fullmatch(written) else ""


def set_apart(written: str) -> str:
    """Each letter by itself where a script has no blanks between words: any part of a run of them can be found."""
    return _UNSPACED.sub(f"{APART}\\g<0>{APART}", written).replace(APART * 2, APART)


def runs_of(terms: Iterable[Term]) -> list[str]:
    """What is in such a script of what is looked for."""
    return [run for term in terms if not term.excluded for run in RUN.findall(_composed(term.text))]


def unspaced(terms: Iterable[Term]) -> bool:
    """Whether some of it is in such a script."""
    return any(_UNSPACED.search(term.text) for term in terms)


def parts_of(written: str) -> list[str]:
    """The words within addresses, paths and the like, each once: PostgreSQL takes "input/output" for one word."""
    joined = (part for found in _JOINED.findall(written) for part in _WORDS.findall(found))
    return [part for part in dict.fromkeys(joined) if not part.isdecimal()]


def tsquery(terms: Sequence[Term], spellings: Spellings = NONE, whole: Spellings = NONE) -> str:
    """Terms as a text for `to_tsquery`: every word as a prefix, all of them needed; "" where none is left to look for.

    `spellings` has, for words of the terms, beginnings of words that are the same but for accents; `whole` words that
    shall stand for themselves.
    """
    if all(term.excluded for term in terms):
        return ""
    return joined((_term(term, spellings, whole), term.excluded) for term in terms)


def joined(asked: Iterable[tuple[str, bool]]) -> str:
    """All of them needed, but for those that are excluded."""
    return " & ".join(f"!({one})" if excluded else f"({one})" for one, excluded in asked)


def matching(terms: Sequence[Term], spellings: Spellings, words: Spellings) -> tuple[str, dict[str, str]]:
    """What documents must match, as an expression of SQL and its values: for a word of which all are known that begin with it,
    those themselves, as they stand in the index; for others the beginning.
    """
    known = [(term, words[plain_word(term)]) for term in terms if plain_word(term) in words]
    literal = joined(
        (_any(there, "", bare=True, as_is=True) or _quoted(plain_word(term)), term.excluded) for term, there in known
    )
    rest = joined((_term(term, spellings, NONE), term.excluded) for term in terms if plain_word(term) not in words)
    each = {"literal": ("CAST(:literal AS tsquery)", literal), "rest": ("to_tsquery('simple', :rest)", rest)}
    used = {name: part for name, part in each.items() if part[1]}
    expression = " && ".join(part for part, _value in used.values())
    return f"({expression})", {name: value for name, (_part, value) in used.items()}


def _term(term: Term, spellings: Spellings, whole: Spellings) -> str:
    """A phrase as it stands. A word by its beginning; one with signs in it as PostgreSQL reads it, or as its parts."""
    written = _composed(term.text)
    if _UNSPACED.search(written):
        return f"{_quoted(written)}:* | {_quoted(set_apart(written))}"
    if there := whole.get(plain_word(term)):
        return _any(there, "", bare=True)
    parts = _WORDS.findall(written)
    others = any(part.lower() in spellings for part in parts)
    if term.phrase:
        spelt = [_any([part, *(spellings.get(part.lower(), ()))], "") for part in parts]
        return f"{_quoted(written)} | ({' <-> '.join(spelt)})" if others else _quoted(written)
    as_it_stands = _quoted(written) + ":*"
    if parts == [written]:
        return _any([written, *spellings.get(written.lower(), ())], ":*", bare=True)
    spelt = [_any([part, *spellings.get(part.lower(), ())], ":*") for part in parts]
    return f"{as_it_stands} | ({' & '.join(spelt)})"


def _any(words: Sequence[str], sign: str, *, bare: bool = False, as_is: bool = False) -> str:
    each = list(dict.fromkeys(word.lower() if word.isascii() and not as_is else word for word in words))
    joined = " | ".join(_quoted(word) + sign for word in each)
    return joined if bare or len(each) == 1 else f"({joined})"


def _composed(text: str) -> str:
    return normalize("NFC", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
