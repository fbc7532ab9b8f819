"""`python -m llmio` is the command `llmio`."""

from __future__ import annotations

from llmio.cli import main

main()
