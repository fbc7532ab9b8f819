"""What people type about upkeep → clean values."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from llmio.core.forms import Form


class SureForm(Form):
    """Yes, do what cannot be undone."""

    sure: bool = False


class DestroyForm(SureForm):
    """Destroy an account, and what its owner wrote."""

    words: bool = False


class MergeForm(Form):
    """The address of the other account."""

    email: str = Field(min_length=1, max_length=255)


class AddressForm(Form):
    """The new address of an account, and the password where it is asked for."""

    email: str = Field(min_length=1, max_length=255)
    current_password: str = Field("", max_length=1000)


class NameForm(Form):
    """The name of what is to be deleted, typed again."""

    name: str = Field("", max_length=300)


class ExportForm(Form):
    """What kind of file."""

    format: Literal["json", "csv", "html"]


class ImportForm(Form):
    """Whether a group that was imported before comes a second time; the file itself is read from the request."""

    again: bool = False


class MoveForm(Form):
    """Which items, and where to."""

    items: list[int] = Field(default_factory=list, max_length=500)
    target: str = Field("", max_length=300)


class RelocateForm(Form):
    """The group that a thread goes to."""

    group_id: str = Field("", max_length=20)


class TagForm(Form):
    """A tag's name and colour."""

    name: str = Field("", max_length=300)
    color: str = Field("", max_length=20)
