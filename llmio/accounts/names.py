"""What a person is called: initials, user names."""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from llmio.accounts.models import User

LONGEST_USERNAME = 30
USERNAME = re.compile(r"[a-z0-9]+")
RESERVED = frozenset(
    {"admin", "administrator", "all", "everyone", "group", "here", "llmio", "root", "support", "system"}
)
LOCK = 0x11A0_0003


def initials(name: str) -> str:
    """At most two letters that stand for a person without a picture."""
    words = [word for word in name.split() if word[0].isalnum()]
    letters = words[0][:1] + words[-1][:1] if len(words) > 1 else "".join(words)[:2]
    return letters.upper()[:3]


def username_base(*sources: str) -> str:
    """Letters and digits of the first source that has some; `member` where none has (a name in another script)."""
    for source in sources:
        plain = unicodedata.normalize("NFKD", source.replace("ß", "ss")).encode("ascii", "ignore").decode()
        found = re.sub(r"[^a-z0-9]", "", plain.lower())[: LONGEST_USERNAME - 6]
        if len(found) > 1:
            return found
    return "member"


def lock(db: Session) -> None:
    """Let nobody else give or choose a user name until the end of the transaction."""
    db.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})


def free_username(db: Session, *sources: str) -> str:
    """A user name nobody has; nobody else gets it before the transaction ends."""
    base = username_base(*sources)
    lock(db)
    like = select(User.username).where(func.lower(User.username).like(f"{base}%"))
    taken = {name.lower() for name in db.scalars(like) if name} | RESERVED
    if base not in taken:
        return base
    number = next(number for number in range(1, len(taken) + 2) if f"{base}{number}" not in taken)
    return f"{base}{number}"
