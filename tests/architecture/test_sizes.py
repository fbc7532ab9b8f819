"""Files and functions stay short enough to be read."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.sources import ROOT, is_test, python, short, templates, tree, walked

FILE, TEST_FILE, FUNCTION = 400, 600, 50


def test_no_file_is_too_long():
    lengths = {path: path.read_text().count("\n") for path in python("llmio", "plugins", "tests")}
    too_long = {short(path): n for path, n in lengths.items() if n > (TEST_FILE if is_test(path) else FILE)}
    assert too_long == {}, "split these by what they are about"


def test_no_script_is_too_long():
    scripts = [path for folder in ("controllers", "editor") for path in (ROOT / "frontend" / folder).rglob("*.js")]
    assert scripts
    too_long = {short(path): n for path in scripts if (n := path.read_text().count("\n")) > FILE}
    assert too_long == {}


def test_no_function_is_too_long():
    too_long = {
        f"{short(path)}:{node.name}": lines
        for path in python("llmio", "plugins")
        if not is_test(path)
        for node in walked(path)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (lines := (node.end_lineno or 0) - node.lineno + 1) > FUNCTION
    }
    assert too_long == {}


def test_every_module_says_what_it_is():
    silent = [
        short(path)
        for path in python("llmio", "plugins", "tests")
        if path.read_text().strip() and not (ast.get_docstring(tree(path)) or "").strip()
    ]
    assert silent == [], "begin each with one line that says what is in it"


@pytest.mark.parametrize("name", ["utils", "helpers", "misc", "common"])
def test_no_module_is_named_after_nothing(name):
    assert [short(path) for path in python("llmio", "plugins", "tests") if path.stem == name] == []


def test_nothing_is_left_to_do():
    mark = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|X" + r"XX|TE" + r"MP until)\b")
    scripts = [path for path in (ROOT / "frontend").glob("*/*.*") if path.is_file() and path.suffix in {".js", ".scss"}]
    left = [
        f"{short(path)}:{number}"
        for path in [*python("llmio", "plugins", "tests"), *templates(), *scripts]
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if mark.search(line)
    ]
    assert left == [], "do it, or file it"
