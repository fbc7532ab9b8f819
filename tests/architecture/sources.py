"""The sources that the rules are about."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = ("node_modules", "build", ".venv", "__pycache__")


def python(*folders: str) -> list[Path]:
    """Every Python file of these folders, migrations left out: they are never touched again."""
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in found if not set(path.parts) & {*GENERATED, "versions"})


def templates() -> list[Path]:
    """Every Jinja2 template of the core and the plugins."""
    found = (path for folder in ("llmio", "plugins") for path in (ROOT / folder).rglob("*.jinja2"))
    return sorted(path for path in found if not set(path.parts) & set(GENERATED))


def short(path: Path) -> str:
    """A path as one would type it in the repository."""
    return str(path.relative_to(ROOT))


def is_test(path: Path) -> bool:
    """Whether a file is one of the suite's, or of a plugin's."""
    return "tests" in path.relative_to(ROOT).parts


@lru_cache(maxsize=2000)
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text())


@lru_cache(maxsize=2000)
def walked(path: Path) -> list[ast.AST]:
    """All that stands in a file, as `ast.walk` gives it: each rule looks through it."""
    return list(ast.walk(tree(path)))


def calls(path: Path, name: str) -> Iterator[int]:
    """Lines on which a function or method called `name` (`now`, `datetime.now`) is called."""
    *owner, own = name.split(".")
    for node in walked(path):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != own:
            continue
        holder = node.func.value
        holder_name = holder.id if isinstance(holder, ast.Name) else getattr(holder, "attr", "")
        if not owner or holder_name == owner[-1]:
            yield node.lineno
