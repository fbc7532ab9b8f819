"""Servers llmio brings along: PostgreSQL, Valkey, and the supervisor behind `llmio up`."""

from __future__ import annotations


class EmbeddedError(Exception):
    """A server cannot be started; the message tells a person what to do."""
