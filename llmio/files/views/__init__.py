"""Uploads and downloads."""

from __future__ import annotations

from llmio.files.views.up import refuse_early

__all__ = ["refuse_early"]
