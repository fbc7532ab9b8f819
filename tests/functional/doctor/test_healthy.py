"""`llmio doctor` on a site where all is well, and how it speaks."""

from __future__ import annotations

import threading

from llmio.cli.doctor import running
from llmio.cli.doctor.codes import CODES
from llmio.cli.doctor.findings import SEVERITIES, found
from tests.commands import run_command
from tests.forked import ROOT
from tests.processes import PATIENCE


def test_a_healthy_site_has_no_findings(doctor, site):
    assert doctor() == {}
    answer = run_command("doctor", env=site.env)
    assert (answer.code, answer.stdout) == (0, "All is well.\n")


def test_it_says_what_why_and_what_to_do_the_gravest_first(site):
    env = {**site.env, "SMTP_SEVER": "x", "DATABASE_URL": "postgresql://llmio:planted@127.0.0.1:1/none"}
    del env["VAPID_PUBLIC_KEY"], env["VAPID_PRIVATE_KEY"]
    answer = run_command("doctor", "--only", "settings", "--only", "database", "--only", "push", env=env)
    lines = answer.stdout.splitlines()
    assert answer.code == 1
    assert [line for line in lines if not line.startswith(" ")] == ["Errors", "Warnings", "Notes"]
    assert lines[1].startswith("  database.unreachable  ")
    assert lines[2].startswith("      why: PostgreSQL does not answer")
    assert lines[3].startswith("      do:  Start PostgreSQL")
    assert "  settings.unknown  SMTP_SEVER: nothing reads this variable; did you mean SMTP_SERVER?" in lines
    assert "planted" not in answer.stdout + answer.stderr


def test_an_area_that_does_not_exist_is_refused_with_those_that_do(site):
    answer = run_command("doctor", "--only", "databse", env=site.env)
    assert answer.code == 2
    assert "settings, database" in answer.stderr


def test_an_area_that_hangs_or_raises_stops_no_other(doctor, monkeypatch):
    seen, never = threading.Event(), threading.Event()

    def hangs(_site):
        yield found("push.half", "seen before")
        seen.set()
        never.wait(PATIENCE)

    def raises(_site):
        seen.wait(PATIENCE)  # this area is waited for first
        raise ZeroDivisionError("nobody thought of it")

    monkeypatch.setattr("llmio.cli.doctor.push.check", hangs)
    monkeypatch.setattr("llmio.cli.doctor.disk.check", raises)
    monkeypatch.setitem(running.AREAS, "push", running.Area("push:check", seconds=0.2))
    told = doctor("push", "disk", "settings", SMTP_SEVER="x")
    never.set()
    assert sorted(told) == ["doctor.failed", "doctor.slow", "push.half", "settings.unknown"]
    assert told["doctor.failed"] == ["disk: ZeroDivisionError: nobody thought of it"]


def test_every_code_is_used_by_the_doctor_and_injected_by_a_test():
    sources = "".join(path.read_text() for path in (ROOT / "llmio/cli/doctor").glob("*.py") if "codes" not in path.name)
    tests = "".join(path.read_text() for path in (ROOT / "tests/functional/doctor").glob("test_*_at_fault.py"))
    built = {"jobs.worker", "jobs.schedule", *(code for code in CODES if code.startswith("storage."))}  # of parts
    assert [code for code in CODES if f'"{code}"' not in sources and code not in built] == []
    above = ("doctor.slow", "doctor.failed")
    assert [code for code in CODES if f'"{code}"' not in tests and code not in above] == []
    assert all(severity in SEVERITIES and cause and fix for severity, cause, fix in CODES.values())
