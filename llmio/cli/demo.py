"""`llmio demo`: an organisation to look around in."""

from __future__ import annotations

import click


@click.command()
def demo() -> None:
    """Load demo data, where nobody has used the site yet."""
    from llmio import boot  # noqa: PLC0415  # slow
    from llmio.demo import is_unused, load  # noqa: PLC0415  # likewise

    app = boot.build()
    if not is_unused(app):
        raise click.ClickException("there are accounts here already; the demo goes into an empty site alone")
    count = load(app)
    click.echo(
        f"The demo is loaded: {count} people of a bakery. Sign in as amina@bakery.example; the mail is at /dev/mail."
    )
