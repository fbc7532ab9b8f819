"""What fails when all is checked gets a second try, alone; no more than a few, and none that fails again."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.forked import ROOT


def again(folder, *failed, **files):
    """The answer and the words of `.ci/again` for tests noted as failed."""
    (folder / "pytest.ini").write_text("[pytest]\naddopts = -q -p no:xdist -p no:hypothesispytest\n")
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    noted = folder / "kept/v/cache/lastfailed"
    noted.parent.mkdir(parents=True, exist_ok=True)
    noted.write_text(json.dumps(dict.fromkeys(failed, True)))
    command = [sys.executable, ROOT / ".ci/again", "kept"]
    answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return answer.returncode, answer.stdout, noted.exists()


def test_who_is_well_the_second_time_is_named_and_holds_nothing_up(tmp_path):
    steady = (
        'import pytest\n\n@pytest.mark.parametrize("x", ["a@b[c]"])\ndef test_one(x): ...\ndef test_other(): assert 0\n'
    )
    code, said, noted = again(tmp_path, "test_a.py::test_one[a@b[c]]@/x/test_a.py", test_a=steady)
    assert (code, noted) == (0, False)
    assert "UNSTEADY: test_a.py::test_one[a@b[c]]\n" in said


def test_who_fails_again_has_failed(tmp_path):
    code, said, noted = again(
        tmp_path, "test_a.py::test_one@up", "test_b.py", test_a="def test_one(): assert 0", test_b="def test_two(): ..."
    )
    assert (code, noted) == (1, True)
    assert "UNSTEADY" not in said


def test_failures_all_over_are_no_accident(tmp_path):
    many = {f"test_{name}": "def test_one(): ..." for name in "abcd"}
    assert again(tmp_path, *(f"{name}.py::test_one" for name in many), **many)[::2] == (1, True)


def test_without_a_failed_test_there_is_nothing_to_try(tmp_path):
    assert again(tmp_path)[0] == 1
