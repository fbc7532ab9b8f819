"""Clients that ask as fast as they are answered, each with its own connection and person."""

from __future__ import annotations

import statistics
import threading
import time
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from bench.seed import CSRF, Ask, World

Figures = dict[str, object]


def run(url: str, what: Ask, world: World, *, clients: int, seconds: float) -> Figures:
    """Requests a second, median and 95th percentile in milliseconds; a wrong answer ends the run."""
    times: list[float] = []
    faults: list[str] = []
    until = time.perf_counter() + seconds
    began = time.perf_counter()
    threads = [
        threading.Thread(target=_client, args=(url, what, world.cookies[number], until, times, faults))
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise SystemExit(f"{what.name}: {faults[0]}")
    spent = time.perf_counter() - began
    ordered = sorted(times)
    return {
        "rps": round(len(times) / spent, 1),
        "median": round(statistics.median(ordered) * 1000, 1),
        "p95": round(ordered[int(len(ordered) * 0.95)] * 1000, 1),
    }


def _client(url: str, what: Ask, cookie: str, until: float, times: list[float], faults: list[str]) -> None:
    host = urlsplit(url)
    connection = HTTPConnection(host.hostname or "", host.port, timeout=60)
    headers = {"Cookie": cookie, "Accept": "text/html", "Host": "localhost"}
    body = None
    if what.form:
        body = urlencode({**what.form, "csrf_token": CSRF})
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    while time.perf_counter() < until and not faults:
        start = time.perf_counter()
        connection.request("POST" if body else "GET", what.path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        times.append(time.perf_counter() - start)
        if answer.status != (303 if body else 200):
            faults.append(f"{answer.status} {answer.headers.get('Location', '')} {text[-300:]!r}")
    connection.close()
