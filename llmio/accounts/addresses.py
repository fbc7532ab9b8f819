"""E-mail addresses: how they are typed, and how they are kept."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field

from llmio.core.i18n import _

LONGEST = 254
SEPARATORS = re.compile(r"[,;\n\r]+")


def clean_email(text: str) -> str:
    """The address as it is kept: lower case, international domains in ASCII; ValueError for what is none.

    Domains without a dot or with a private ending are taken: sites inside an organisation have such.
    """
    typed = text.strip()
    if len(typed) > LONGEST or "@" not in typed:
        raise ValueError(str(_("This is not an e-mail address.")))
    try:
        found = validate_email(
            typed, check_deliverability=False, allow_smtputf8=False, globally_deliverable=False, test_environment=True
        )
    except EmailNotValidError:
        raise ValueError(str(_("This is not an e-mail address."))) from None
    return (found.ascii_email or found.normalized).lower()


def split_addresses(text: str) -> tuple[list[str], list[str]]:
    """Pasted addresses, as (clean ones in order without doubles, what could not be read).

    Takes commas, semicolons, spaces and lines between them, and `Name <address>`.
    """
    good: dict[str, None] = {}
    bad: list[str] = []
    for part in SEPARATORS.split(text):
        piece = part.strip()
        candidates = [parseaddr(piece)[1] or piece] if "<" in piece else piece.split()
        for candidate in candidates:
            try:
                good[clean_email(candidate)] = None
            except ValueError:
                bad.append(candidate)
    return list(good), bad


Email = Annotated[str, Field(min_length=1), AfterValidator(clean_email)]
"""A form field that holds one address."""
