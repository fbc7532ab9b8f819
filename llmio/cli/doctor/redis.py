"""Redis or Valkey: reached, keeps what it is given, takes what is written."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from redis import exceptions

from llmio.cli.doctor.findings import Finding, first_line, found
from llmio.cli.doctor.site import PATIENCE, Site

REFUSALS = (
    (exceptions.ReadOnlyError, "READONLY", "redis.readonly"),
    (exceptions.OutOfMemoryError, "OOM", "redis.full"),
    (exceptions.ResponseError, "MISCONF", "redis.misconf"),
    (exceptions.NoPermissionError, "NOPERM", "redis.login"),
)


KEYS = ("redis.queue_url", "redis.cache_url", "redis.url")


def check(site: Site) -> Iterator[Finding]:
    """Each server that is named."""
    urls = {site.settings.text(key): site.settings.declared[key].env for key in KEYS}
    urls.pop("", None)
    if not site.settings.text("redis.url"):
        yield found("redis.unset", "REDIS_URL is not set")
    for url, variable in urls.items():
        found_here = list(_look(url, variable))
        yield from found_here
        if variable == "REDIS_URL" and not any(one.severity == "error" for one in found_here):
            site.works.add("redis")


def _look(url: str, variable: str) -> Iterator[Finding]:
    from llmio.worker.queue import client  # noqa: PLC0415  # slow

    try:
        redis = client(url, seconds=PATIENCE, retries=0)
    except ValueError as error:
        yield found("redis.address", f"{variable}: {type(error).__name__}")  # the text may hold the password
        return
    try:
        memory = redis.info("memory")
        yield from _eviction(memory, variable)
        yield from _written(redis, variable)
    except (exceptions.AuthenticationError, exceptions.NoPermissionError) as error:
        yield found("redis.login", f"{variable}: {first_line(error)}")
    except (exceptions.RedisError, OSError) as error:
        wrong = "redis.login" if "NOAUTH" in str(error) or "WRONGPASS" in str(error) else "redis.unreachable"
        yield found(wrong, f"{variable}: {first_line(error)}")
    finally:
        redis.close()


def _eviction(memory: Any, variable: str) -> Iterator[Finding]:
    limit, policy = int(memory.get("maxmemory", 0)), str(memory.get("maxmemory_policy", "noeviction"))
    if limit and policy.startswith("allkeys"):
        yield found("redis.eviction", f"{variable}: maxmemory {limit // 1_000_000} MB, maxmemory-policy {policy}")


def _written(redis: Any, variable: str) -> Iterator[Finding]:
    key = f"llmio:doctor:{secrets.token_hex(8)}"
    try:
        redis.set(key, "1", ex=10)
        redis.delete(key)
    except exceptions.ResponseError as error:
        said = str(error)
        code = next((code for kind, word, code in REFUSALS if isinstance(error, kind) and (
            word in said or kind is not exceptions.ResponseError)), "redis.unwritable")  # fmt: skip
        yield found(code, f"{variable}: {first_line(error)}")
