"""What pages show of threads, as plain values: small, loaded in bulk, without a session behind them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from markupsafe import Markup

from llmio.discussions import ranges

RESERVED = frozenset(
    (
        "comment",
        "comments",
        "edit",
        "history",
        "items",
        "read",
        "reply",
        "new",
        "volume",
        "unread",
        "seen.gif",
        "people",
        "join",
    )
)
LEGACY_EMOJI = {
    "+1": "👍", "thumbsup": "👍", "-1": "👎", "thumbsdown": "👎", "heart": "❤️", "tada": "🎉", "smile": "😄", "smiley": "😃",
    "laughing": "😆", "thinking": "🤔", "pray": "🙏", "clap": "👏", "cry": "😢", "open_mouth": "😮", "joy": "😂", "grin": "😁",
    "wink": "😉", "blush": "😊", "heart_eyes": "😍", "stuck_out_tongue": "😛", "sob": "😭", "rage": "😡", "angry": "😠",
    "confused": "😕", "disappointed": "😞", "worried": "😟", "scream": "😱", "sunglasses": "😎", "ok_hand": "👌", "raised_hands": "🙌",
    "muscle": "💪", "wave": "👋", "point_up": "☝️", "v": "✌️", "star": "⭐", "sunny": "☀️", "bulb": "💡", "zap": "⚡", "warning": "⚠️",
    "question": "❓", "exclamation": "❗", "white_check_mark": "✅", "heavy_check_mark": "✔️", "x": "❌", "100": "💯", "coffee": "☕",
    "hugs": "🤗", "man_shrugging": "🤷‍♂️", "woman_shrugging": "🤷‍♀️",
}  # fmt: skip
"""Names of older reactions that are not Unicode's own."""
SHORTCODE = re.compile(r":?([a-z0-9_+-]+):?(?::skin-tone-\d:)?")


def slug_of(title: str | None) -> str:
    """A title as part of an address; never a word that is an address itself."""
    plain = unicodedata.normalize("NFKD", title or "").encode("ascii", "ignore").decode().lower()
    made = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-")
    return f"{made}-thread" if made in RESERVED else made or "thread"


def path_of(key: str | None, title: str | None) -> str:
    """The address of a thread."""
    return f"/d/{key}/{slug_of(title)}"


def is_aside(dismissed_at: datetime | None, last_activity_at: datetime | None) -> bool:
    """Whether it was put aside, and nothing happened since."""
    return bool(dismissed_at and last_activity_at and dismissed_at >= last_activity_at)


def emoji_of(stored: str | None) -> str:
    """A stored reaction as an emoji; older rows hold names, such as `:tada:`. A name that nobody knows stays as it is."""
    text = stored or "👍"
    found = SHORTCODE.fullmatch(text)
    if found is None:
        return text
    if found[1] in LEGACY_EMOJI:
        return LEGACY_EMOJI[found[1]]
    try:
        meant = unicodedata.lookup(found[1].replace("_", " "))
    except KeyError:
        return text
    return meant if is_emoji(meant) else text


def is_emoji(text: str) -> bool:
    """Whether a text is one emoji: symbols, joiners and modifiers, few, and no letters."""
    if not 1 <= len(text) <= 14:
        return False
    symbols = 0
    for letter in text:
        kind = unicodedata.category(letter)
        if kind in ("So", "Sk", "Sm") and letter > "\u00a8":
            symbols += 1
        elif not (kind in ("Mn", "Me", "Cf") or letter in "0123456789#*"):
            return False
    return symbols > 0 or "\u20e3" in text


class Person(NamedTuple):
    """Someone, as far as an avatar and a link need it."""

    id: int
    name: str
    username: str
    avatar_initials: str
    picture: int | None = None

    @staticmethod
    def columns(user: Any) -> tuple[Any, ...]:
        """What to select."""
        return user.id, user.name, user.username, user.avatar_initials, user.picture

    @classmethod
    def of(cls, row: Any) -> Person:
        """From a row of those columns."""
        return cls(row.id, row.name or "", row.username or "", row.avatar_initials or "", row.picture)

    @property
    def url(self) -> str:
        """Their page."""
        return f"/u/{self.username}" if self.username else ""


@dataclass(frozen=True)
class Counted:
    """One emoji, how often, by whom."""

    emoji: str
    count: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Tally:
    """Reactions to a record, and the actor's own."""

    entries: tuple[Counted, ...] = ()
    mine: str | None = None


NO_TALLY = Tally()


def tally_of(rows: Iterable[tuple[str, int | None, str | None]], actor_id: int | None) -> Tally:
    """Reactions counted, in the order in which each emoji came first."""
    names: dict[str, list[str]] = {}
    mine = None
    for stored, user_id, name in rows:
        emoji = emoji_of(stored)
        names.setdefault(emoji, []).append(name or "")
        if user_id is not None and user_id == actor_id:
            mine = emoji
    return Tally(tuple(Counted(emoji, len(who), tuple(who)) for emoji, who in names.items()), mine)


@dataclass(frozen=True)
class Rights:
    """What the actor may do in a thread, asked once for all its comments."""

    reply: bool = False
    react: bool = False
    edit_own: bool = False
    edit_any: bool = False
    discard_own: bool = False
    discard_any: bool = False
    destroy_own: bool = False
    destroy_any: bool = False
    pin: bool = False
    actor_id: int | None = None


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment, ready to be shown."""

    id: int
    discussion_id: int
    thread_key: str
    author: Person | None
    body: Markup
    created_at: datetime | None
    edited_at: datetime | None
    discarded_at: datetime | None
    parent_type: str
    parent_id: int | None
    attachments: Sequence[Mapping[str, Any]]
    tally: Tally
    rights: Rights
    answered: bool = False

    @property
    def url(self) -> str:
        """Its permanent address."""
        return f"/d/{self.thread_key}/comment/{self.id}"

    @property
    def own(self) -> bool:
        """The actor wrote it."""
        return self.author is not None and self.author.id == self.rights.actor_id

    @property
    def can_edit(self) -> bool:
        """Whether "edit" is offered."""
        return self.discarded_at is None and (self.rights.edit_any or (self.own and self.rights.edit_own))

    @property
    def can_discard(self) -> bool:
        """Whether "remove" (or, where it was removed, "bring back") is offered."""
        return self.rights.discard_any or (self.own and self.rights.discard_own)

    @property
    def can_destroy(self) -> bool:
        """Whether "delete for good" is offered."""
        return not self.answered and (self.rights.destroy_any or (self.own and self.rights.destroy_own))


@dataclass(frozen=True)
class ThreadRow:
    """A thread in a list."""

    OWN: ClassVar[tuple[str, ...]] = (
        "id", "key", "title", "group_id", "author_id", "created_at", "last_activity_at", "closed_at", "pinned_at", "private",
        "items_count", "ranges_string",
    )  # fmt: skip

    id: int
    key: str
    title: str
    created_at: datetime | None
    last_activity_at: datetime | None
    closed_at: datetime | None
    pinned_at: datetime | None
    private: bool
    items_count: int
    author: Person
    group_name: str
    group_url: str
    unread_count: int
    is_new: bool
    """Never opened by the reader."""
    dismissed: bool = field(default=False)

    @classmethod
    def of(cls, row: Any) -> ThreadRow:
        """From a row of `queries._rows`."""
        return cls(
            id=row.id,
            key=row.key or "",
            title=row.title or "",
            created_at=row.created_at,
            last_activity_at=row.last_activity_at,
            closed_at=row.closed_at,
            pinned_at=row.pinned_at,
            private=row.private,
            items_count=row.items_count,
            author=Person(row.author_id or 0, row.author_name or "", "", row.author_initials or "", row.author_picture),
            group_name=row.group_name or "",
            group_url="" if row.apart else cls._path_of_group(row.group_handle, row.group_key),
            unread_count=ranges.length(ranges.unread(row.ranges_string, row.read_ranges_string)),
            is_new=row.last_read_at is None,
            dismissed=is_aside(row.dismissed_at, row.last_activity_at),
        )

    @staticmethod
    def _path_of_group(handle: str | None, key: str | None) -> str:
        return f"/{handle}" if handle else f"/g/{key}" if key else ""

    @property
    def url(self) -> str:
        """Its address."""
        return path_of(self.key, self.title)

    @property
    def unread(self) -> bool:
        """Whether something in it is new to the reader."""
        return (self.is_new or self.unread_count > 0) and not self.dismissed
