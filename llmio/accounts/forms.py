"""What people type about themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from llmio.accounts.addresses import Email
from llmio.accounts.service.people import NAME_LENGTH
from llmio.accounts.service.profile import BIO_LENGTH
from llmio.accounts.zones import Zone
from llmio.core.forms import Form

Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Typed = Annotated[str, StringConstraints(strip_whitespace=False, max_length=1000)]
"""A password: blanks around it are part of it."""


class SignInForm(Form):
    """An address, and a password where one has one."""

    email: Email
    password: Typed = ""
    next: str = ""
    time_zone: str = ""


class SignUpForm(Form):
    """Name and address."""

    name: Name
    email: Email
    legal_accepted: bool = False
    next: str = ""
    time_zone: str = ""


class CodeForm(Form):
    """The six digits of a mail."""

    code: Annotated[str, Field(min_length=1, max_length=40)]


class SetupForm(Form):
    """The first administrator."""

    name: Name
    email: Email
    password: Typed = ""
    time_zone: str = ""


class NameForm(Form):
    """The name of a person who came by a link."""

    name: Name
    next: str = ""
    time_zone: str = ""


class ProfileForm(Form):
    """What others see, language and zone."""

    name: Name
    username: Annotated[str, Field(min_length=1, max_length=100)]
    short_bio: Annotated[str, Field(max_length=BIO_LENGTH)] = ""
    locale: str = ""
    time_zone: Zone
    autodetect_time_zone: bool = False


class PasswordForm(Form):
    """A new password, with the present one where it is asked for."""

    current_password: Typed = ""
    new_password: Typed


class DeactivateForm(Form):
    """Why somebody leaves."""

    reason: Annotated[str, Field(max_length=10_000)] = ""
    sure: bool = False
