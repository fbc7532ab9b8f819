"""Settings of accounts and of signing in."""

from __future__ import annotations

from llmio.core.settings import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting(
        "accounts.max_login_attempts",
        "MAX_LOGIN_ATTEMPTS",
        "int",
        20,
        "Wrong passwords after which an account takes none for six hours; a link by mail still works.",
        within=(1, 1000000),
    ),
    Setting(
        "accounts.login_token_minutes",
        "LOGIN_TOKEN_EXPIRATION_MINUTES",
        "int",
        1440,
        "Minutes for which a sign-in link and its code work.",
        within=(1, 525600),
    ),
    Setting(
        "accounts.password_pepper",
        "DEVISE_PEPPER",
        secret=True,
        help="Appended to passwords before they are hashed; only where the data come from a site that had one.",
    ),
    Setting(
        "accounts.terms_url", "TERMS_URL", help="Terms of service that everybody who signs up must accept.", like="link"
    ),
    Setting("accounts.privacy_url", "PRIVACY_URL", help="Privacy policy, linked from the sign-up page.", like="link"),
    Setting("accounts.decide_email", "DECIDE_EMAIL", help="An address that nobody may register.", like="address"),
    Setting(
        "accounts.spam_regex",
        "SPAM_REGEX",
        default=r"(diide\.com|gusronk\.com)",
        help="Addresses and names that match are refused; set to nothing, none are.",
        blank=True,
        like="pattern",
    ),
)
