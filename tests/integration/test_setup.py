"""`make setup` on a machine whose Python will not do: one line names the one command that mends it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TOOLS = ("sh", "dirname", "id", "cksum", "cat", "mkdir", "mv", "rm", "grep", "sed")

pytestmark = pytest.mark.skipif(not (REPOSITORY / ".ci" / "setup").exists(), reason="not in a clone")


class Machine:
    """A clone on a machine with few programs."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "clone"
        self.programs = folder / "bin"
        (self.clone / ".ci").mkdir(parents=True)
        self.programs.mkdir()
        shutil.copy(REPOSITORY / ".ci" / "setup", self.clone / ".ci" / "setup")
        shutil.copy(REPOSITORY / "setup.py", self.clone)
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.programs / tool).symlink_to(found)

    def add(self, name: str, script: str) -> None:
        """Install a program."""
        (self.programs / name).write_text(f"#!{shutil.which('sh')}\n{script}\n")
        (self.programs / name).chmod(0o755)

    def setup(self) -> subprocess.CompletedProcess[str]:
        """Run what `make setup` runs."""
        return subprocess.run(
            [self.clone / ".ci" / "setup", "embedded"],
            env={"PATH": str(self.programs), "HOME": str(self.clone)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def sudo() -> str:
    return "" if os.geteuid() == 0 else "sudo "


def test_a_machine_without_python_is_told_how_to_get_it(machine: Machine) -> None:
    machine.add("apk", "exit 0")
    answer = machine.setup()
    assert answer.returncode == 1
    assert answer.stderr == f"llmio needs Python 3.11 or newer. This brings it: {sudo()}apk add python3\n"


def test_a_python_that_is_too_old_is_passed_over(machine: Machine) -> None:
    machine.add("dnf", "exit 0")
    machine.add("python3", 'case "$2" in *version_info\\[*) echo 3.9 ;; *) exit 1 ;; esac')
    answer = machine.setup()
    assert answer.returncode == 1
    assert answer.stderr == f"llmio needs Python 3.11 or newer. This brings it: {sudo()}dnf install -y python3.12\n"


def test_a_python_without_venv_names_the_package_of_its_version(machine: Machine) -> None:
    machine.add("apt-get", "exit 0")
    machine.add("python3", f'case "$2" in *ensurepip*) exit 1 ;; esac\nexec {sys.executable} "$@"')
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    answer = machine.setup()
    assert answer.returncode == 1
    mends = f"{sudo()}sh -c 'apt-get update && apt-get install -y python{version}-venv'"
    assert answer.stderr == f"Python {version} here lacks venv. This mends it: {mends}\n"


def test_a_whole_python_is_preferred_to_a_newer_one_without_venv(machine: Machine) -> None:
    machine.add("python3.14", 'case "$2" in *version_info\\[*) echo 3.14 ;; *ensurepip*) exit 1 ;; esac')
    machine.add("python3.13", 'case "$1" in -m) exit 3 ;; esac\ncase "$2" in *version_info\\[*) echo 3.13 ;; esac')
    answer = machine.setup()
    assert answer.stdout == "Making .venv with python3.13 …\n"
    assert answer.returncode == 3
    assert (machine.clone / ".venv.unfinished").exists()
