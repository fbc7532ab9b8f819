"""`llmio jobs`: queues, what runs, what failed, what comes by the clock; try again, delete."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from llmio.cli.opening import working

# Imports are made within functions: the command must answer `--help` at once.
# ruff: noqa: PLC0415

NUMBER = click.IntRange(1, 2**63 - 1)
"""Those that the database can hold."""


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print all that is known as JSON.")
@click.pass_context
def jobs(call: click.Context, *, as_json: bool) -> None:
    """Show what runs in the background: queues, running, failed, given up, parked, and the schedule."""
    if call.invoked_subcommand:
        return
    from llmio.admin import report

    with working() as ctx:
        found = report.jobs_as_dict(ctx)
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(found)))


@jobs.command()
@click.argument("job_id", metavar="ID", required=False, type=NUMBER)
@click.option("--all", "all_", is_flag=True, help="All that were given up.")
@click.option("--job", "name", default="", help="With --all: only those of this name.")
def retry(job_id: int | None, name: str, *, all_: bool) -> None:
    """Try a job again that failed or was given up, with all its tries."""
    from llmio.admin.service import jobs as service

    if all_ == (job_id is not None):
        raise click.UsageError("Name the job by its ID, or say --all.")
    with working() as ctx:
        if job_id is not None:
            click.echo(f"Job {job_id} ({service.retry(ctx, job_id).job}) is tried again.")
        else:
            count = service.retry_all(ctx, job=name)
            click.echo(f"{count} {'job is' if count == 1 else 'jobs are'} tried again.")


@jobs.command()
@click.argument("job_id", metavar="ID", type=NUMBER)
def delete(job_id: int) -> None:
    """Delete a job that was given up or parked: what it was to do is never done."""
    from llmio.admin.service import jobs as service

    with working() as ctx:
        click.echo(f"Job {job_id} ({service.discard(ctx, job_id).job}) is deleted.")


def _lines(found: dict[str, Any]) -> Iterator[str]:
    for name, command in (("worker", "llmio worker"), ("beat", "llmio beat")):
        if not found[name]["well"]:
            yield f"No sign of `{command}` (last: {found[name]['last_sign'] or 'never'})."
    yield f"{'queue':<12}{'waiting':>9}{'oldest':>10}{'for later':>11}"
    for one in found["queues"]:
        oldest = "" if one["oldest_seconds"] is None else _age(one["oldest_seconds"])
        yield f"{one['name']:<12}{one['waiting']:>9}{oldest:>10}{one['later']:>11}"
    yield ""
    yield f"running: {len(found['running'])}"
    for one in found["running"]:
        words = f"  HANGS: its limit is {one['limit_seconds']:g} s" if one["overdue"] else ""
        yield f"  {one['id']:>8}  {one['job']} {json.dumps(one['args'])}  since {one['since']}{words}"
    for state, words in (("failed", "failed, tried again"), ("dead", "given up"), ("parked", "parked")):
        yield f"{words}: {found[state]['count']}"
        for one in found[state]["jobs"]:
            error = (one["error"] or "").strip().splitlines()
            when = f"given up {one['dead_at']}" if state == "dead" else f"next try {one['next_try_at']}"
            yield f"  {one['id']:>8}  {one['job']} {json.dumps(one['args'])}  {when}  {error[-1] if error else ''}".rstrip()
    yield f"long work: {sum(one['finished_at'] is None for one in found['long_work'])}"
    for one in found["long_work"]:
        state = "silent (stopped?)" if one["silent"] else one["state"]
        yield f"  {one['id']:>8}  {one['kind']}  {state}  {one['done']} / {one['total'] or '?'}  {one['note'] or one['error']}".rstrip()
    yield f"notices that did not arrive: {found['undelivered']}"
    yield ""
    yield "schedule"
    for one in found["schedule"]:
        yield f"  {one['job']:<32} last {one['last'] or 'never':<34} next {one['next']}"


def _age(seconds: float) -> str:
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
