"""HTTP input of threads and comments → clean values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from llmio.core.forms import Form

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Notify = Literal["nobody", "group", "people"]
Format = Literal["html", "md"]
Ids = Annotated[list[Id], Field(max_length=1000)]


class ThreadForm(Form):
    """A thread, new or edited."""

    title: Annotated[str, Field(min_length=1, max_length=150)]
    description: str = ""
    description_format: Format = "md"
    group_id: Id | None = None
    privacy: Literal["private", "public"] = "private"
    notify: Notify = "nobody"
    people: Ids = []
    everyone: bool = False
    attachments: Annotated[list[Id], Field(max_length=100)] = []
    message: Annotated[str, Field(max_length=1000)] = ""
    tags: Annotated[list[str], Field(max_length=100)] = []
    new_tags: Annotated[str, Field(max_length=2000)] = ""

    def all_tags(self) -> list[str]:
        """Those that were ticked, and those that were typed, with commas between."""
        return [*self.tags, *self.new_tags.split(",")]


class CommentForm(Form):
    """A comment, new or edited."""

    body: str = ""
    body_format: Format = "md"
    parent_type: Literal["Discussion", "Comment", "Poll", "Stance", "Outcome"] = "Discussion"
    parent_id: Id | None = None
    attachments: Annotated[list[Id], Field(max_length=100)] = []


class GuestsForm(Form):
    """People to invite to one thread."""

    emails: Annotated[str, Field(min_length=1, max_length=50_000)]
    message: Annotated[str, Field(max_length=2000)] = ""


class ReactionForm(Form):
    """An emoji."""

    reaction: Annotated[str, Field(min_length=1, max_length=255)]


class ReadForm(Form):
    """What was seen."""

    ranges: Annotated[str, Field(max_length=20_000)] = ""


class VolumeForm(Form):
    """How much to hear."""

    volume: Annotated[int, Field(ge=0, le=3)]
