"""The command `llmio`: quick help, and one line for what went wrong."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from llmio.cli import COMMANDS
from tests.commands import run_command

SERVERS = ("DATABASE_URL", "REDIS_URL", "LLMIO_DATA", "PORT")


def llmio(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty folder, where nothing is configured but what is given."""
    environment = {name: value for name, value in os.environ.items() if name not in SERVERS}
    return subprocess.run(
        [sys.executable, "-m", "llmio", *arguments],
        env=environment | variables,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_help_lists_every_command_and_imports_none(tmp_path: Path) -> None:
    answer = llmio(tmp_path, "--help")
    assert answer.returncode == 0
    assert [
        line.split()[0]
        for line in answer.stdout.split("Commands:")[1].splitlines()
        if line.startswith("  ") and not line.startswith("   ")
    ] == list(COMMANDS)
    script = (
        "import sys; sys.argv = ['llmio', '--help']\n"
        "try:\n    from llmio.cli import main; main()\n"
        "except SystemExit:\n    print(sorted({'sqlalchemy', 'pyramid', 'celery', 'redis'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.splitlines()[-1] == "[]"


def test_the_supervisor_loads_little(tmp_path: Path) -> None:
    script = "import sys, llmio.cli.up; print(sorted({'sqlalchemy', 'pyramid', 'celery', 'redis'} & set(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert loaded.stdout == "[]\n"


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "x"])
def test_each_command_explains_itself(tmp_path: Path, command: str) -> None:
    answer = run_command(command, "--help", env={"LLMIO_DATA": str(tmp_path)})
    assert answer.code == 0, answer.stderr
    assert answer.stdout.startswith(f"Usage: llmio {command}")


def test_a_wrong_word_is_a_usage_error(tmp_path: Path) -> None:
    answer = llmio(tmp_path, "nonsense")
    assert answer.returncode == 2
    assert answer.stderr.splitlines()[-1] == "Error: No such command 'nonsense'."


@pytest.mark.parametrize(
    ("arguments", "variables", "line"),
    [
        (["db", "check"], {}, "Error: DATABASE_URL is not set, and no `llmio up` runs on the data folder here"),
        (
            ["db", "upgrade"],
            {"DATABASE_URL": "nonsense"},
            "Error: DATABASE_URL: what it holds is not an address that begins with postgresql://",
        ),
        (
            ["db", "upgrade"],
            {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"},
            "Error: The database does not answer: ",
        ),
        (["channels"], {}, "Error: REDIS_URL is not set"),
    ],
)
def test_what_went_wrong_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], variables: dict[str, str], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = run_command(*arguments, env=variables)
    assert answer.code == 1
    assert answer.stderr.startswith(line)
    assert answer.stderr.count("\n") == 1


def test_warnings_for_programmers_are_not_shown_to_operators(tmp_path: Path) -> None:
    answer = llmio(tmp_path, "plugins", "check", SECRET_COOKIE_TOKEN="x" * 40)
    assert answer.returncode == 0
    assert "plugins are well" in answer.stdout
    assert answer.stderr == ""


def test_serve_says_that_its_port_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = llmio(tmp_path, "serve", "--port", port)
    assert answer.returncode == 1
    assert answer.stderr == f"Error: Port {port} is taken: choose another one with PORT.\n"


def test_up_refuses_a_folder_it_cannot_make(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = llmio(tmp_path, "up", "--data", "file/var")
    assert answer.returncode == 1
    assert answer.stderr == (
        f"Error: The data folder {tmp_path}/file/var cannot be used (Not a directory): choose one with LLMIO_DATA.\n"
    )
