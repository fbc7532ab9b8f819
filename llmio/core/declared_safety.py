"""Settings of what keeps a site safe: by which names it is asked, and how often one address may do something."""

from __future__ import annotations

from llmio.core.settings import Setting

SAFETY: tuple[Setting, ...] = (
    Setting(
        "site.other_hosts",
        "LLMIO_OTHER_HOSTS",
        "list",
        default=(),
        help="Further host names that the site answers by, beside CANONICAL_HOST and localhost; `.example.org` stands for all "
        "below it, `*` for every name. Requests for other hosts are refused (421).",
    ),
    Setting("limits.on", "USE_RACK_ATTACK", "bool", default=True, help="Limit how often an address may do something."),
    Setting(
        "limits.rate_factor",
        "RACK_ATTACK_RATE_MULTPLIER",
        "float",
        help="Multiplies all limits; 1 where nothing is set, 100 in development, where all come from one address.",
    ),
    Setting(
        "limits.time_factor", "RACK_ATTACK_TIME_MULTPLIER", "float", 1.0, "Multiplies the hour and the day they hold."
    ),
    Setting(
        "limits.ip_header",
        "CLIENT_IP_HEADER",
        help="Header in which a trusted proxy names the client (CF-Connecting-IP); empty: the last entry of "
        "X-Forwarded-For, believed only from proxies with a private address.",
    ),
)
