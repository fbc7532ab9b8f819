"""Every variable of the reference is a setting, or is said to change nothing; never both, never neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmio.cli.config import documented
from llmio.core.ignored import IGNORED, ignored

FILE = Path(__file__).resolve().parents[1] / "fixtures" / "reference_variables.txt"
VARIABLES = [line for line in FILE.read_text().splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def declared():
    return {name for item in documented().settings.declared.values() for name in item.names}


def test_every_variable_of_the_reference_has_its_place(declared):
    assert len(VARIABLES) > 200
    assert [name for name in VARIABLES if name not in declared and ignored(name) is None] == []
    assert ignored("FEATURES_UNHEARD_OF") is None
    assert "FEATURES_UNHEARD_OF" not in declared


def test_no_setting_is_said_to_change_nothing(declared):
    patterned = ("STORAGE_", "AWS_", "DO_", "GCS_")
    assert [name for name in declared if ignored(name) and not name.startswith(patterned)] == []


def test_each_reason_is_a_sentence_and_covers_something():
    assert [one for one in IGNORED if not one.reason.endswith(".")] == []
    assert [one for one in IGNORED if not any(one.covers(name) for name in VARIABLES)] == []


def test_every_setting_is_read_somewhere(declared):
    """A setting that nothing asks for would be a promise that is not kept."""
    root = FILE.parents[2]
    code = "\n".join(
        path.read_text()
        for folder in ("llmio", "plugins")
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in (".py", ".jinja2") and path.name not in ("declared.py", "declared_switches.py", "settings.py")
    )
    # By the name of the mode (llmio/web/theme.py), of the span (llmio/continuity), of the act (llmio/web/limits.py).
    computed = ("theme.light_", "theme.dark_", "backups.keep_", "limits.max.", "limits.invitations_")
    code += '"llmio.task"'  # read by the image's own start script: compose/
    own = [key for key in documented().settings.declared if not key.startswith(("storage_", *computed))]
    assert [key for key in own if f'"{key}"' not in code and f"'{key}'" not in code] == []
