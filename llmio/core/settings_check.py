"""All that is wrong with the settings: values, variables that nothing reads, what production must have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from llmio.core import sources, zone
from llmio.core.ignored import Ignored, ignored
from llmio.core.settings import OFF, Fault, nearest

if TYPE_CHECKING:
    from llmio.core.settings import Settings

OWN = (
    sources.ENV_FILE,
    sources.INI,
    "LLMIO_SUPERVISED",
    "LLMIO_ADDRESS",
    "LLMIO_PID",
    "LLMIO_TEST_DATABASE_URL",
    "LLMIO_TEST_REDIS_URL",
)
"""Variables under LLMIO_ that processes of ours tell each other, or that tests read: no settings."""
ALIKE = 0.88
"""How like a variable must be to one of ours to be taken for a misspelt one: others set variables, too."""


def faults(settings: Settings) -> list[Fault]:
    """Everything, each with what to do about it."""
    env = settings.sources[1]
    return [
        *settings.faults,
        *_strangers(env, settings),
        *_doubled(env, settings),
        *_readable(env),
        *_unsafe(settings),
        *_zone(settings),
    ]


def unused(settings: Settings) -> list[tuple[str, Ignored]]:
    """Variables that are set and change nothing here, each with the reason; those come first that an operator may miss."""
    declared = known(settings)
    found = ((name, ignored(name)) for name, value in settings.sources[1].items() if value and name not in declared)
    named = [(name, why) for name, why in found if why is not None]
    return sorted(named, key=lambda one: (not one[1].later, one[0]))


def taken_for_off(settings: Settings) -> list[Fault]:
    """Switches of the reference that are set to a word for off, which the reference takes for on."""
    found = []
    for item in settings.declared.values():
        name = settings.named.get(item.key, "")
        raw = settings.sources[1].get(name, "")
        if item.kind == "bool" and not name.startswith("LLMIO_") and raw.strip().lower() in OFF and raw.strip():
            words = f"is off here, since it is set to {raw.strip()!r}; the reference takes any value for on"
            found.append(Fault(name, words, fatal=False))
    return found


def known(settings: Settings) -> set[str]:
    """Every variable that a setting is read from."""
    names = {name for item in settings.declared.values() for name in item.names}
    return names | {f"{name}_FILE" for name in names}


def _strangers(env: Mapping[str, str], settings: Settings) -> Iterator[Fault]:
    """Variables that look like ours and are read by nothing: most likely misspelt."""
    ours = known(settings)
    written = sources.from_env_file(env)
    for name in sorted(env):
        if name in ours or name in OWN or ignored(name) or name.startswith("_"):
            continue
        if name.startswith("LLMIO_"):
            yield Fault(name, f"no such variable{nearest(name, ours)}", fatal=False)
        elif name in written:
            words = f"nothing reads this variable of {written[name]}{nearest(name, ours, like=0.75)}"
            yield Fault(name, words, fatal=False)
        elif hint := nearest(name, ours, like=ALIKE):
            yield Fault(name, f"nothing reads this variable{hint}", fatal=False)


def _doubled(env: Mapping[str, str], settings: Settings) -> Iterator[Fault]:
    """A setting that two variables set, each to something else. Values are not shown: they may be secrets."""
    for item in settings.declared.values():
        given = [name for name in item.names if env.get(name, "").strip()]
        given += [f"{name}_FILE" for name in item.names if env.get(f"{name}_FILE")]
        if len(given) > 1 and len({env[name] for name in given}) > 1:
            words = f"differs from {', '.join(given[1:])}, which mean the same: this one counts; take the others out"
            yield Fault(given[0], words, fatal=False)


def _readable(env: Mapping[str, str]) -> Iterator[Fault]:
    if path := sources.open_to_others(env):
        yield Fault(path, f"holds secrets and can be read by others on this machine: chmod 600 {path}", fatal=False)


def _zone(settings: Settings) -> Iterator[Fault]:
    if not zone.known(name := settings.text("log.zone")):
        yield Fault(zone.NAME, f"no time zone {name} is known here: write one such as Europe/Berlin", fatal=False)


def _unsafe(settings: Settings) -> Iterator[Fault]:
    """What a production site must have before it may start."""
    if settings["llmio.env"] != "production":
        return
    if len(settings.text("security.secret")) < 32:
        words = "must be set and have at least 32 characters; `openssl rand -hex 32` makes one"
        yield Fault("SECRET_COOKIE_TOKEN", words)
    if not settings["database.url"]:
        yield Fault("DATABASE_URL", "must be set, unless `llmio up` starts a database of its own", fatal=False)
