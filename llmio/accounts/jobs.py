"""Chores of accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete

from llmio.accounts.models import LoginToken, OmniauthIdentity, SignIn
from llmio.accounts.sessions import LIFETIME, UserSession
from llmio.core.jobs import job

if TYPE_CHECKING:
    from llmio.core.context import Context


@job("accounts.sweep", queue="low", retries=3)
def sweep(ctx: Context) -> None:
    """Remove sign-in links that no longer work, identities nobody took up for a week, sessions that ended a month ago."""
    minutes = ctx.app.settings.number("accounts.login_token_minutes")
    old = ctx.now - timedelta(minutes=minutes, hours=1)
    ctx.db.execute(delete(SignIn).where(SignIn.created_at < old))
    ctx.db.execute(delete(LoginToken).where(LoginToken.created_at < old))
    pending = OmniauthIdentity.user_id.is_(None) & (OmniauthIdentity.created_at < ctx.now - timedelta(days=7))
    ctx.db.execute(delete(OmniauthIdentity).where(pending))
    month = timedelta(days=30)
    ended = (UserSession.ended_at < ctx.now - month) | (UserSession.created_at < ctx.now - LIFETIME - month)
    ctx.db.execute(delete(UserSession).where(ended))
