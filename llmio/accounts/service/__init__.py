"""Acts of people with accounts, by what they are about: people, signing in, the own profile, the first administrator."""

from __future__ import annotations

from llmio.accounts.service.people import (
    PROVED,
    check_name,
    complete,
    create_user,
    find_or_invite,
    find_or_invite_all,
    may_register,
    set_password_of,
    tell,
)
from llmio.accounts.service.profile import (
    deactivate,
    give_name,
    is_fresh,
    keep_an_admin,
    reactivate,
    set_password,
    sign_out_everywhere,
    update_profile,
    void_links,
)
from llmio.accounts.service.setup import link_works, set_up
from llmio.accounts.service.signing import (
    ask_for_mail,
    check_password,
    find_link,
    may_come,
    new_login_token,
    open_session,
    redeem_code,
    redeem_link,
    require_email_login,
)

__all__ = [
    "PROVED",
    "ask_for_mail",
    "check_name",
    "check_password",
    "complete",
    "create_user",
    "deactivate",
    "find_link",
    "find_or_invite",
    "find_or_invite_all",
    "give_name",
    "is_fresh",
    "keep_an_admin",
    "link_works",
    "may_come",
    "may_register",
    "new_login_token",
    "open_session",
    "reactivate",
    "redeem_code",
    "redeem_link",
    "require_email_login",
    "set_password",
    "set_password_of",
    "set_up",
    "sign_out_everywhere",
    "tell",
    "update_profile",
    "void_links",
]
