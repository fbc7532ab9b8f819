"""E-mail addresses: how they are typed, and how they are kept."""

from __future__ import annotations

from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field

from llmio.core.i18n import _

LONGEST = 254
PRIVATE_ENDINGS = ("@localhost", ".localhost", ".local")
STAND_IN = ".example.org"
"""The validator refuses private endings whatever it is told, so their addresses are looked at with this one behind."""


def clean_email(text: str) -> str:
    """The address as it is kept: lower case, international domains in ASCII; ValueError for what is none.

    Domains without a dot or with a private ending are taken: sites inside an organisation have such.
    """
    typed = text.strip()
    if len(typed) > LONGEST or "@" not in typed:
        raise ValueError(str(_("This is not an e-mail address.")))
    private = typed.lower().endswith(PRIVATE_ENDINGS)
    try:
        found = validate_email(
            typed + STAND_IN if private else typed,
            check_deliverability=False,
            allow_smtputf8=False,
            globally_deliverable=False,
            test_environment=True,
        )
    except EmailNotValidError:
        raise ValueError(str(_("This is not an e-mail address."))) from None
    return (found.ascii_email or found.normalized).lower().removesuffix(STAND_IN if private else "")


Email = Annotated[str, Field(min_length=1), AfterValidator(clean_email)]
"""A form field that holds one address."""
