"""`llmio user`: make people and administrators, list them, set a password, make a link that signs one in."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from llmio.cli.opening import working

if TYPE_CHECKING:
    from llmio.accounts.models import User
    from llmio.core.context import Context

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415


@click.group()
def user() -> None:
    """Make people and administrators, list them, set passwords."""


@user.command()
@click.argument("email")
@click.option("--name", required=True, help="As others know the person.")
@click.option("--admin", is_flag=True, help="Make the person an administrator of the site.")
@click.option("--password", is_flag=True, help="Ask for a password; without one the person signs in by mail.")
def create(email: str, name: str, *, admin: bool, password: bool) -> None:
    """Make a person; the address is taken as proved."""
    from llmio.accounts import service
    from llmio.core import audit

    chosen = _ask_password() if password else None
    with _told() as ctx:
        made = service.create_user(ctx, email=email, name=name, password=chosen, is_admin=admin)
        audit.note(ctx, "user.create_admin" if admin else "user.create", made)
        click.echo(f"Made {made.name} <{made.email}>{', an administrator' if admin else ''}.")


@user.command()
@click.argument("email")
@click.option("--off", is_flag=True, help="Take the right away instead.")
def admin(email: str, *, off: bool) -> None:
    """Make a person an administrator of the site."""
    from llmio.admin.service import people

    with _told() as ctx:
        found = people.set_admin(ctx, _find(ctx, email), on=not off)
        click.echo(f"{found.name or found.email} is {'no longer' if off else 'now'} an administrator of the site.")


@user.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--find", "words", default="", help="Only those whose name, user name or address holds this.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many at most.")
def list_(words: str, limit: int, *, as_json: bool) -> None:
    """Show people, the newest first."""
    from llmio.accounts import queries

    with _told() as ctx:
        lines = [_line(one) for one in queries.listed(ctx.db, words=words, limit=limit)]
    if as_json:
        click.echo(json.dumps(lines, indent=1, ensure_ascii=False))
        return
    for line in lines:
        marks = [mark for mark in ("admin", "closed", "invited") if line[mark]]
        click.echo(f"{line['email']:<36} {line['name']:<28} {' '.join(marks)}".rstrip())
    if not lines:
        click.echo("Nobody.")


@user.command()
@click.argument("email")
def password(email: str) -> None:
    """Set a person's password; asks for it (or reads a line of standard input). Their browsers are signed out."""
    from llmio.accounts import service, sessions
    from llmio.core import audit

    chosen = _ask_password()
    with _told() as ctx:
        found = _find(ctx, email)
        service.set_password_of(ctx, found, chosen)
        sessions.end_sessions(ctx, found.id)
        audit.note(ctx, "user.set_password", found)
        click.echo(f"The password of {found.name or found.email} is set.")


@user.command()
@click.argument("email")
def link(email: str) -> None:
    """Print a link that signs a person in once, for when mail does not work."""
    from llmio.accounts import service
    from llmio.core import audit
    from llmio.core.urls import absolute

    with _told() as ctx:
        found = _find(ctx, email)
        token = service.new_login_token(ctx, found)
        audit.note(ctx, "user.print_link", found)
        click.echo(absolute(ctx.app.settings, f"/login_tokens/{token.token}"))


def _line(one: User) -> dict[str, Any]:
    return {
        "id": one.id,
        "email": one.email or "",
        "name": one.name or "",
        "username": one.username or "",
        "admin": bool(one.is_admin),
        "invited": not one.email_verified,
        "closed": one.deactivated_at is not None,
        "created_at": one.created_at.isoformat() if one.created_at else None,
    }


def _ask_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


def _find(ctx: Context, email: str) -> User:
    from llmio.accounts import queries
    from llmio.core.errors import NotFound

    found = queries.by_email(ctx.db, email.strip()) or queries.by_username(ctx.db, email.strip().lstrip("@"))
    if found is None:
        raise NotFound(f"Nobody has the address or user name {email}.")
    return found


@contextmanager
def _told() -> Iterator[Context]:
    """One transaction; what was refused is told in one line."""
    from llmio.core.errors import Invalid

    try:
        with working() as ctx:
            yield ctx
    except Invalid as fault:
        texts = [f"{field}: {text}" if field else str(text) for field, found in fault.errors.items() for text in found]
        raise click.ClickException("; ".join(texts)) from None
