"""Requests to the outside go through the guarded port: no other module of the product may open one by itself."""

from __future__ import annotations

import ast

from tests.architecture.sources import calls, is_test, python, short, walked

CLIENTS = {"httpx", "requests", "aiohttp", "urllib3", "httpcore", "http.client", "urllib.request", "socket", "smtplib", "ftplib", "websockets.sync.client", "websockets.asyncio.client", "websockets.client", "dns",
           "aiobotocore", "boto3", "imaplib", "poplib", "telnetlib", "xmlrpc"}  # fmt: skip
ALLOWED = {
    "llmio/integrations/http.py": "it is the guarded port",
    "llmio/cli/bisect.py": "asks the site that it started itself, on this machine",
    "llmio/cli/probing.py": "asks the site of this machine, for `llmio plugins check`",
    "llmio/cli/probe.py": "asks a process of this machine",
    "llmio/cli/doctor/live.py": "asks the live services at the addresses the operator gave",
    "llmio/cli/doctor/proxy.py": "asks this site through its own proxy",
    "llmio/cli/doctor/mail.py": "asks the mail server the operator gave",
    "llmio/mail/talk.py": "talks to the mail server the operator gave",
    "llmio/mail/smtp.py": "talks to the mail server the operator gave",
    "llmio/mail/incoming/dns.py": "asks the operator's own DNS server about senders",
    "llmio/embedded/ports.py": "looks for free ports of this machine",
    "llmio/embedded/supervisor.py": "asks the parts it started itself",
    "llmio/embedded/valkey.py": "asks the Valkey it started itself",
    "llmio/web/draining.py": "listens; asks nobody",
    "llmio/worker/notebook.py": "wants the name of this machine",
    "plugins/storage_s3/llmio_storage_s3/client.py": "talks to the storage the operator chose",
    "llmio/live/channels.py": "is a server; asks nobody",
    "plugins/storage_gcs/llmio_storage_gcs/client.py": "talks to the storage the operator chose",
    "llmio/live/collab/gate.py": "asks the site beside it, at the address the operator gave",
}


def clients_of(path) -> set[str]:
    """The HTTP clients that a module imports."""
    found = set()
    for node in walked(path):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
        found |= {name for name in names for client in CLIENTS if name == client or name.startswith(f"{client}.")}
    return found


def test_only_the_guarded_port_opens_connections_to_the_outside():
    users = {
        short(path): found for path in python("llmio", "plugins") if not is_test(path) and (found := clients_of(path))
    }
    past = {
        path: found for path, found in users.items() if path not in ALLOWED and not path.startswith("llmio/testing/")
    }
    assert past == {}, "take ctx.ports.http (llmio/integrations/http.py), which refuses private addresses"
    assert set(ALLOWED) <= set(users), "no longer needed here: take it out of ALLOWED"


def test_no_connection_is_opened_by_asyncio():
    openers = {"open_connection", "open_unix_connection", "sock_connect"}
    product = [path for path in python("llmio", "plugins") if not is_test(path)]
    found = {(short(path), name) for path in product for name in openers for _line in calls(path, name)}
    assert found == set()


def test_mails_fetch_no_styles_from_the_addresses_that_people_wrote():
    made = [
        {word.arg: ast.unparse(word.value) for word in node.keywords}
        for path in python("llmio")
        for node in walked(path)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("css_inline.CSSInliner", "css_inline.inline")
    ]
    assert [one.get("load_remote_stylesheets") for one in made] == ["False"]
