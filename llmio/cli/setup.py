"""`llmio setup`: writes the file .env that the containers and the units of systemd read."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import click
from dotenv import dotenv_values

PLAIN = re.compile(r"[\w@%+=:,./-]*")
HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


@dataclass(frozen=True)
class Entry:
    """A line of the file: `made` gives its value from what was asked; without, it is shown with its default, switched off."""

    name: str
    help: str
    made: Callable[[Mapping[str, str]], str] | None = None
    default: str = ""


def _asked(name: str) -> Callable[[Mapping[str, str]], str]:
    return lambda asked: asked.get(name, "")


def _secret(_asked: Mapping[str, str]) -> str:
    return secrets.token_hex(32)


ENTRIES: tuple[Entry, ...] = (
    Entry("CANONICAL_HOST", "Name of the site, as browsers know it.", _asked("host")),
    Entry("SUPPORT_EMAIL", "Where people, and the authority that signs certificates, may write to.", _asked("support")),
    Entry("FORCE_SSL", "Everything goes over https; the proxy in front sees to that.", lambda _: "1"),
    Entry("ASSUME_SSL", "", lambda _: "1"),
    Entry("SMTP_SERVER", "The server that mail goes out by; without one, all mail waits.", _asked("smtp_server")),
    Entry("SMTP_PORT", "", _asked("smtp_port")),
    Entry("SMTP_USERNAME", "", _asked("smtp_username")),
    Entry("SMTP_PASSWORD", "", _asked("smtp_password")),
    Entry("SMTP_DOMAIN", "Our name there, and the host of the sender of all mail.", _asked("smtp_domain")),
    Entry("REPLY_HOSTNAME", "Host whose mail reaches this site: answers to our mails.", _asked("reply_host")),
    Entry("RAILS_INBOUND_EMAIL_PASSWORD", "With which a mail server hands mail over.", _secret),
    Entry("SECRET_COOKIE_TOKEN", "Signs cookies and links: keep it, or everybody is signed out.", _secret),
    Entry("DEVISE_SECRET", "", _secret),
    Entry("POSTGRES_PASSWORD", "Of the database, which is made with it at the first start.", _secret),
    Entry("POSTGRES_DB", "", lambda _: "loomio_production"),
    Entry("CHANNELS_URL", "Where browsers find the live channels; else channels. and hocuspocus. and the host."),
    Entry("HOCUSPOCUS_URL", ""),
    Entry("LLMIO_UID", "Whom the folder storage belongs to.", default="10001"),
    Entry("LLMIO_GID", "", default="10001"),
    Entry("LLMIO_CONTAINER_IMAGE", "Images and their versions.", default="llmio"),
    Entry("LLMIO_CONTAINER_TAG", "", default="latest"),
    Entry("NGINX_PROXY_CONTAINER_IMAGE", "", default="nginxproxy/nginx-proxy"),
    Entry("NGINX_PROXY_CONTAINER_TAG", "", default="1.7-alpine"),
    Entry("ACME_CONTAINER_IMAGE", "", default="nginxproxy/acme-companion"),
    Entry("ACME_CONTAINER_TAG", "", default="2.6"),
    Entry("POSTGRES_CONTAINER_IMAGE", "", default="postgres"),
    Entry("POSTGRES_CONTAINER_TAG", "", default="17"),
    Entry("REDIS_CONTAINER_IMAGE", "", default="redis"),
    Entry("REDIS_CONTAINER_TAG", "", default="8.4"),
    Entry("PGBACKUPS_CONTAINER_IMAGE", "", default="prodrigestivill/postgres-backup-local"),
    Entry("PGBACKUPS_CONTAINER_TAG", "", default="17"),
)


@click.command()
@click.option(
    "--file", "path", type=click.Path(path_type=Path), default=".env", show_default=True, help="File to write."
)
@click.option("--host", help="Name of the site, such as decide.example.org.")
@click.option("--support-email", help="Address for people who need help.")
@click.option("--smtp-server", help="Mail server; empty: mail waits.")
@click.option("--smtp-port", type=click.IntRange(1, 65535), help="Its port.")
@click.option("--smtp-username", help="User there.")
@click.option(
    "--smtp-password", envvar="SMTP_PASSWORD", help="Password there (also: SMTP_PASSWORD, which no list shows)."
)
@click.option("--reply-host", help="Host for mail that comes in.  [default: reply. and the host]")
@click.option("--yes", is_flag=True, help="Ask nothing: take what the options say.")
def setup(path: Path, *, yes: bool, **options: str | int | None) -> None:
    """Write .env for the containers: asks for names and the mail server, and makes the secrets.

    What the file has already stays as it is. It is readable by its owner alone.
    """
    given = {name: str(value) for name, value in options.items() if value is not None}
    path = path.resolve()  # the file behind a link is written, and the link stays
    there = _there(path)
    asked = _answers(given, there, ask=not yes)
    lines, added = _lines(asked, there)
    kept = [entry.name for entry in ENTRIES if entry.name in there]
    _write(path, lines)
    click.echo(f"{path}: {len(added)} variables written, readable by its owner alone.")
    if kept:
        click.echo(f"Kept as they were: {', '.join(kept)}.")
    if not (there.get("SMTP_SERVER") or asked.get("smtp_server")):
        click.echo("No mail goes out until SMTP_SERVER is set.")


def example() -> str:
    """The file with nothing filled in, for the documentation."""
    rows = [
        "# Settings of the containers. `llmio setup` writes this file with names and secrets filled in;",
        "# docs/operators/settings.md lists all others that may be put here.",
    ]
    for entry in ENTRIES:
        rows += [*_above(entry), f"{'' if entry.made else '# '}{entry.name}={entry.default}"]
    return "\n".join(rows) + "\n"


def _there(path: Path) -> dict[str, str]:
    """What the file has, by our names for it: `SECRET_COOKIE_SECRET` or `SECRET_COOKIE_TOKEN_FILE` are SECRET_COOKIE_TOKEN."""
    from llmio.core.declared import SETTINGS  # noqa: PLC0415  # slow

    try:
        found = dotenv_values(path, interpolate=False) if path.exists() else {}
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{path} is no text in UTF-8 (byte {error.start + 1}): save it as such.") from error
    other = {setting.env: (*setting.aliases, *setting.over) for setting in SETTINGS}
    there = {name: value or "" for name, value in found.items()}
    for entry in ENTRIES:
        for name in (entry.name, *other.get(entry.name, ())):
            for spelt in (name, f"{name}_FILE"):
                if spelt in there:
                    there.setdefault(entry.name, there[spelt])
    return there


def _answers(given: Mapping[str, str], there: Mapping[str, str], *, ask: bool) -> dict[str, str]:
    """What is to be filled in; asks only for what the file does not have."""

    def answer(name: str, variable: str, words: str, check: Callable[[str], str], default: str = "") -> str:
        if variable in there:
            return there[variable]
        if name not in given and ask:
            hidden = name == "smtp_password"
            return str(
                click.prompt(words, default=default, hide_input=hidden, value_proc=check, show_default=bool(default))
            )
        if name not in given and not default and check in (_host, _email):
            raise click.UsageError(f"--{name.replace('_', '-')} is missing; without --yes you are asked for it.")
        return check(given.get(name, default))

    host = answer("host", "CANONICAL_HOST", "Name of the site (decide.example.org)", _host)
    found = {"host": host, "support": answer("support_email", "SUPPORT_EMAIL", "Address for help", _email)}
    server = answer("smtp_server", "SMTP_SERVER", "Mail server (empty: none yet)", _text)
    found |= {"smtp_server": server, "smtp_domain": host if server else ""}
    if server:
        found["smtp_port"] = answer("smtp_port", "SMTP_PORT", "Its port", _port, "587")
        found["smtp_username"] = answer("smtp_username", "SMTP_USERNAME", "User there (empty: none)", _text)
    if found.get("smtp_username"):
        found["smtp_password"] = answer("smtp_password", "SMTP_PASSWORD", "Password there", _text)
    found["reply_host"] = answer("reply_host", "REPLY_HOSTNAME", "Host for mail that comes in", _host, f"reply.{host}")
    return found


def _host(text: str) -> str:
    import idna  # noqa: PLC0415  # slow; email-validator needs it, too

    name = text.strip().lower().rstrip(".")
    with suppress(idna.IDNAError):
        name = idna.encode(name, uts46=True).decode()  # as it stands in the DNS, in certificates and in mail
    if not HOST.fullmatch(name):
        raise click.UsageError(f"{text!r} is no name of a host: it looks like decide.example.org, without https://.")
    return name


def _email(text: str) -> str:
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415  # slow

    try:
        return validate_email(text.strip(), check_deliverability=False).normalized
    except EmailNotValidError as error:
        raise click.UsageError(f"{text!r} is no mail address: {error}") from error


def _port(text: str) -> str:
    if not text.strip().isdecimal() or not 1 <= int(text) <= 65_535:
        raise click.UsageError(f"{text!r} is no port: a number from 1 to 65535.")
    return text.strip()


def _text(text: str) -> str:
    quoted(text)
    return text


def quoted(value: str) -> str:
    """A value as Compose, systemd and our own reading understand it alike; UsageError where there is no such way."""
    if PLAIN.fullmatch(value):
        return value
    if "\n" not in value and "'" not in value and "\\" not in value:
        return f"'{value}'"
    if "\n" not in value and "$" not in value:
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    raise click.UsageError(
        "This value has signs that .env cannot hold: put it into a file, and name that with NAME_FILE."
    )


def _lines(asked: Mapping[str, str], there: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What to add to the file, and the names of it."""
    lines: list[str] = []
    added: list[str] = []
    for entry in ENTRIES:
        if entry.name in there:
            continue
        value = entry.made(asked) if entry.made else ""
        lines += [*_above(entry), f"{entry.name}={quoted(value)}" if value else f"# {entry.name}={entry.default}"]
        added += [entry.name] if value else []
    return lines, added


def _above(entry: Entry) -> Iterator[str]:
    if entry.help:
        yield from ("", f"# {entry.help}")


def _write(path: Path, lines: list[str]) -> None:
    """Whole or not at all, and for this user only from its first byte."""
    before = path.read_text() if path.exists() else ""
    lines = [line for line in lines if line == "" or line not in before.splitlines()]
    text = before + ("" if before.endswith("\n") or not before else "\n") + "\n".join(lines).strip("\n") + "\n"
    unfinished = path.with_name(f"{path.name}.new")
    unfinished.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text if any(lines) else before)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from error
