"""What people type about upkeep → clean values."""

from __future__ import annotations

from pydantic import Field

from llmio.core.forms import Form


class SureForm(Form):
    """Yes, do what cannot be undone."""

    sure: bool = False


class MergeForm(Form):
    """The address of the other account."""

    email: str = Field(min_length=1, max_length=255)
