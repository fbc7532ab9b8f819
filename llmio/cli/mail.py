"""`llmio mail`: try the mail server, show what was sent."""

from __future__ import annotations

import json
from typing import Any

import click

from llmio.cli.opening import opened

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415


@click.group()
def mail() -> None:
    """Try the mail server; show what was sent."""


@mail.command()
@click.argument("address")
def test(address: str) -> None:
    """Send a test mail now and show what is said on the line, without passwords.

    C is this site, S the mail server, * what happened. The exit code is 1 where the mail was not taken.
    """
    from llmio.accounts.addresses import clean_email
    from llmio.mail import probe

    try:
        to = clean_email(address)
    except ValueError as error:
        raise click.ClickException(f"{address}: {error}") from None
    with opened() as app:
        tried = probe.try_out(app, to, listen=click.echo)
    if not tried.receipt.ok:
        raise click.ClickException(f"Not sent: {tried.receipt.answer}")
    click.echo(f"The mail server took the mail to {to}.")


@mail.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option("--find", "words", default="", help="Only addresses that hold this.")
@click.option("--state", default="", type=click.Choice(["", "sent", "waiting", "refused", "held"]), help="Only these.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many at most.")
def log(words: str, state: str, limit: int, *, as_json: bool) -> None:
    """Show what was sent to whom and what the mail server said, the newest first."""
    from llmio.mail import post

    with opened() as app, app.begin() as ctx:
        lines = [_line(row) for row in post.listed(ctx.db, words=words, state=state, limit=limit)]
    if as_json:
        click.echo(json.dumps(lines, indent=1, ensure_ascii=False))
        return
    for line in lines:
        when = line["attempted_at"][:16].replace("T", " ")
        click.echo(f"{when}  {line['state']:<8} {line['address']:<32} {line['kind']:<22} {line['answer']}".rstrip())
    if not lines:
        click.echo("Nothing.")


def _line(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "address": row.address,
        "kind": row.kind,
        "state": row.state,
        "answer": row.answer,
        "tries": row.tries,
        "message_id": row.message_id,
        "created_at": row.created_at.isoformat(),
        "attempted_at": row.attempted_at.isoformat(),
    }
