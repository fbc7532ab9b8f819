"""A site with plugins of strangers: started anew for each test, on a database with real commits."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from llmio import boot, web
from llmio.cli import group as command
from llmio.core.app import App
from llmio.testing.browser import Browser
from llmio.testing.isolation import JobRunner
from llmio.testing.plugin import SECRET
from llmio.testing.ports import memory_ports
from llmio.testing.servers import engine_of
from tests import factories
from tests.seam import sample
from tests.seam.distributions import Installed


@pytest.fixture
def strangers(tmp_path, monkeypatch) -> Iterator[Installed]:
    """Distributions on sys.path, next to llmio."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    installed = Installed(folder)
    yield installed
    installed.forget()


@pytest.fixture(scope="session")
def venv(tmp_path_factory) -> sample.SampleVenv:
    """An environment with the sample plugins; modules that use it are one group, `samples`, which makes it once."""
    return sample.make(tmp_path_factory.mktemp("samples"), sample.SOURCE, sample.NOTIFIER, sample.SEARCH)


@pytest.fixture
def with_samples(venv, strangers, monkeypatch) -> None:
    """The installed plugins on this interpreter's path, too."""
    monkeypatch.syspath_prepend(str(venv.packages))
    strangers.modules.update(("llmio_poll_resistance", "llmio_notify_pager", "llmio_search_sqlite"))


@pytest.fixture(scope="session")
def seam_url(llmio_servers) -> Iterator[str]:
    """A database for the tests of the seam."""
    name = llmio_servers.copy_template()
    yield llmio_servers.database(name)
    llmio_servers.drop(name)


@pytest.fixture(scope="session")
def seam_engine(seam_url):
    """Its engine."""
    made = engine_of(seam_url)
    yield made
    made.dispose()


@dataclass
class Site:
    """A running site."""

    app: App
    browser: Browser
    env: dict[str, str]

    def as_user(self, user: Any) -> Browser:
        """A further browser, in which somebody else is signed in."""
        return Browser(self.browser.app, self.app).sign_in(user)

    def listed(self) -> dict[str, Any]:
        """What `llmio plugins list --json` says, in a process state of its own."""
        result = CliRunner().invoke(command, ["plugins", "list", "--json"], env=self.env, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def shown(self) -> dict[str, Any]:
        """What `/admin/plugins.json` says."""
        return self.browser.get("/admin/plugins.json", headers={"Accept": "application/json"}).json

    def line(self, name: str, listing: dict[str, Any] | None = None) -> dict[str, Any]:
        """One plugin of the list."""
        (found,) = [one for one in (listing or self.shown())["plugins"] if one["name"] == name]
        return found

    def serves_everything_else(self) -> None:
        """The site is up, and people can work on it."""
        assert self.browser.get("/up").status_int == 200
        assert "Dashboard" in self.browser.get("/dashboard")
        assert {"poll", "proposal", "score"} <= set(self.app.plugins.poll_types)

    def names(self, name: str, state: str, *errors: str) -> dict[str, Any]:
        """The site works, and page, JSON and command name the plugin at fault and its error."""
        self.names_all({name: errors}, state)
        return self.line(name)

    def names_all(self, culprits: dict[str, tuple[str, ...]], state: str) -> None:
        """The same for several plugins: name → parts of its errors."""
        self.serves_everything_else()
        page = self.browser.get("/admin/plugins").html
        cards = {name: page.find(id=f"plugin-{name}").get_text(" ") for name in culprits}
        for listing in (self.shown(), self.listed()):
            for name, errors in culprits.items():
                line = self.line(name, listing)
                assert line["state"] == state, line
                told = " ".join([line["error"], *(one["error"] + one["where"] for one in line["failures"])])
                for error in errors:
                    assert error in told
                    assert error in cards[name]


@pytest.fixture
def start(llmio_servers, seam_engine, seam_url, redis_url, tmp_path, monkeypatch) -> Iterator[Callable[..., Site]]:
    """`start(LLMIO_PLUGINS_SAFE="1")`: start the site, signed in as its administrator."""
    for variable in [name for name in sys.modules["os"].environ if name.startswith("LLMIO_PLUGINS_")]:
        monkeypatch.delenv(variable)

    def made(**variables: str) -> Site:
        env = {
            "LLMIO_ENV": "testing",
            "LLMIO_DATA": str(tmp_path / "data"),
            "LLMIO_CACHE": llmio_servers.cache,
            "DATABASE_URL": seam_url,
            "REDIS_URL": redis_url,
            "SECRET_COOKIE_TOKEN": SECRET,
            "CANONICAL_HOST": "localhost",
            **variables,
        }
        app = boot.build(env=env, ports=memory_ports(), engine=seam_engine)
        browser = Browser(web.assemble(app), app)
        with app.begin() as ctx:
            admin = factories.user(ctx.db, is_admin=True)
            ctx.db.flush()
        return Site(app, browser.sign_in(admin), env)

    yield made
    with seam_engine.begin() as connection:
        connection.execute(text("TRUNCATE llmio.plugin_failures, llmio.plugin_switches, llmio.outbox"))


@pytest.fixture
def work() -> Callable[[Site], JobRunner]:
    """`work(site)(failures=True)`: run the site's jobs."""
    return lambda site: JobRunner(site.app, before=lambda: None, after=lambda: None)
