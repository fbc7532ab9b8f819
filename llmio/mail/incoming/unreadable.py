"""What the standard library raises over mails that are not as the standards have them."""

from __future__ import annotations

from email.errors import MessageError

UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError, MessageError)
"""Nothing a stranger sends may stop us: where one of these comes, that header or part says nothing."""
