"""A fresh virtual environment that sees llmio, with the sample plugins installed beside it by pip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "sample_plugin"
NOTIFIER = SOURCE.with_name("sample_notifier")
SEARCH = SOURCE.with_name("sample_search")


@dataclass(frozen=True)
class SampleVenv:
    """The environment: its interpreter, and where pip put the plugin."""

    folder: Path
    project: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Its site-packages."""
        return next((self.folder / "lib").glob("python*/site-packages"))

    def run(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run its interpreter; fails with what it said."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("LLMIO_", "PYTEST", "PYTHON"))
        }
        done = subprocess.run([str(self.python), *arguments], cwd=self.project, env={**kept, **(env or {})},
                              capture_output=True, text=True, timeout=240, check=False)  # fmt: skip
        if done.returncode:
            raise AssertionError(f"{' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
        return done

    def command(self, *arguments: str, env: dict[str, str]) -> str:
        """What `llmio …` prints in it."""
        return self.run("-c", "from llmio.cli import main; main()", *arguments, env=env).stdout


def make(folder: Path, *sources: Path) -> SampleVenv:
    """Create it, offline: packages of this interpreter are seen through a .pth file, pip builds without isolation."""
    unwanted = shutil.ignore_patterns("__pycache__", "build", "*.egg-info")
    projects = [
        shutil.copytree(one, folder / f"project{n}", ignore=unwanted) for n, one in enumerate(sources or (SOURCE,))
    ]
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")], check=True)
    made = SampleVenv(folder / "venv", projects[0])
    seen = sysconfig.get_paths()["purelib"]
    (made.packages / "beside.pth").write_text(f"import site; site.addsitedir({seen!r})\n")
    pip = ["-m", "pip", "--python", str(made.python), "install", "--quiet", "--no-index", "--no-deps",
           "--no-build-isolation", "--disable-pip-version-check", *map(str, projects)]  # fmt: skip
    done = subprocess.run([sys.executable, *pip], capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"pip failed:\n{done.stdout}\n{done.stderr}")
    return made
