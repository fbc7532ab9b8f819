"""People: accounts, signing in, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmio.accounts.settings import SETTINGS

if TYPE_CHECKING:
    from llmio.core.app import App

__all__ = ["SETTINGS", "includeme", "register"]


def register(app: App) -> None:
    """Give the App this feature's rules and jobs."""
    from llmio.accounts import jobs, rules  # noqa: PLC0415  # slow
    from llmio.core.jobs import HOUR  # noqa: PLC0415  # likewise

    rules.add_rules(app)
    app.add_jobs(jobs.sweep)
    app.add_schedule(jobs.sweep, every=HOUR)


def includeme(config: Any) -> None:
    """Routes and views."""
    from llmio.accounts import resources  # noqa: PLC0415  # slow

    config.add_route("accounts.sign_in", "/sign_in")
    config.add_route("accounts.sign_up", "/sign_up")
    config.add_route("accounts.code", "/login_code")
    config.add_route("accounts.link", "/login_tokens/{token}")
    config.add_route("accounts.sign_out", "/sign_out")
    config.add_route("accounts.sign_out_everywhere", "/sign_out/everywhere")
    config.add_route("accounts.welcome", "/welcome")
    config.add_route("accounts.setup", "/setup/{token}")
    config.add_route("accounts.profile", "/profile")
    config.add_route("accounts.security", "/profile/security")
    config.add_route("accounts.password", "/profile/password")
    config.add_route("accounts.deactivate", "/profile/deactivate")
    config.add_route("accounts.show", "/u/{username}", factory=resources.person)
    config.scan("llmio.accounts.views")
    config.scan("llmio.accounts.profile_views")
