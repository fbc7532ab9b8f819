"""Choosing ports that are free, and keeping the one chosen."""

from __future__ import annotations

import errno
import random
import socket
import sys
from contextlib import suppress

from . import EmbeddedError

# Below the range from which Linux takes the near end of outgoing connections, so that a port stays ours while its
# server is being started again.
LOWEST, HIGHEST = 20_000, 31_999
ATTEMPTS = 200
LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now. A person types `localhost`, so both of its addresses must be free."""
    addresses = [(socket.AF_INET, host)]
    if socket.has_ipv6 and host == LOOPBACK:
        addresses.append((socket.AF_INET6, "::1"))
    for family, address in addresses:
        with suppress(OSError), socket.socket(family) as probe:
            if sys.platform == "linux":
                # A port whose server has just ended is not taken, although its last connections linger for a minute.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((address, port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return False
                if error.errno == errno.EACCES:
                    message = f"Port {port} is reserved for the system: choose one from 1024 on with PORT."
                    raise EmbeddedError(message) from error
                if family == socket.AF_INET:
                    message = f"Cannot listen on {address}: {error.strerror}."
                    raise EmbeddedError(message) from error
    return True


def free_port(wanted: int | None = None) -> int:
    """The wanted port if it is free, else one that nobody uses now."""
    if wanted and is_free(wanted):
        return wanted
    for _ in range(ATTEMPTS):
        port = random.randint(LOWEST, HIGHEST)  # noqa: S311  # no secret
        if is_free(port):
            return port
    message = f"No port between {LOWEST} and {HIGHEST} is free."
    raise EmbeddedError(message)


def reserve(wanted: int, host: str = LOOPBACK) -> tuple[int, socket.socket]:
    """The first free port from the wanted one on, and a socket that keeps others away from it while it is open.

    The web server binds with SO_REUSEPORT: two of them on one port would silently share the visitors. So we look
    without that option, and keep the port with it, which lets our own web server (the same user) in.
    """
    for port in range(wanted, min(wanted + ATTEMPTS, 65_536)):
        if not is_free(port, host):
            continue
        holder = socket.socket()
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            holder.bind((host, port))
        except OSError:
            holder.close()
            continue
        return port, holder
    message = f"No port from {wanted} on is free: choose another one with PORT."
    raise EmbeddedError(message)
