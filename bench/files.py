"""`python -m bench.files`: what a large file costs on its way up and down, in memory and time, in each storage.

A real web server, a real client, real object servers on this machine. Memory is the peak of the web server (main process and
workers, proportional set size) above what it had at rest, looked at many times a second.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from bench.memory import megabytes
from bench.seed import CSRF, a_person
from bench.site import Site
from llmio.testing import objectstores

MB = 1 << 20
PIECE = bytes(range(256)) * 4096
"""One megabyte."""
BOUNDARY = "bench-boundary"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(prog="python -m bench.files")
    options.add_argument("--megabytes", type=int, default=1024)
    options.add_argument("--storages", default="local,s3_compatible,google", help="comma-separated")
    options.add_argument("--json", action="store_true")
    chosen = options.parse_args()
    results = []
    for name in chosen.storages.split(","):
        print(f"{name} …", file=sys.stderr, flush=True)
        results.append(measure(name, chosen.megabytes))
    print(json.dumps(results, indent=2) if chosen.json else table(results))


def measure(name: str, size: int) -> dict[str, Any]:
    """One storage: up by form, down whole, down in part."""
    folder = Path(tempfile.mkdtemp(prefix="llmio-bench-"))
    folder.chmod(0o755)
    try:
        with ExitStack() as stack:
            variables = stack.enter_context(place(name))
            variables["MAX_ATTACHMENT_BYTES"] = str(size * MB)
            site = stack.enter_context(Site(folder, variables))
            client = Client(site.url, a_person(site.app()))
            watch = stack.enter_context(Watch(site.processes["web"].pid))
            figures: dict[str, Any] = {"storage": name, "megabytes": size, "at_rest": round(watch.rest, 1)}
            with watch.during("up", figures):
                saved = client.upload(size)
            with watch.during("down", figures):
                received, digest = client.fetch(saved["url"])
            if (received, digest) != (size * MB, sum_of(size)):
                raise SystemExit(f"{name}: {received} bytes came back, or others than were sent")
            with watch.during("part", figures):
                part, _sum = client.fetch(saved["url"], {"Range": f"bytes={(size // 2) * MB}-{(size // 2) * MB + 999}"})
            if part != 1000:
                raise SystemExit(f"{name}: a part of 1000 bytes came as {part}")
            return figures
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def place(name: str) -> Iterator[dict[str, str]]:
    """Variables of a storage, with its server running."""
    if name == "local":
        yield {"ACTIVE_STORAGE_SERVICE": "local"}
    elif name == "google":
        with objectstores.google() as store:
            yield {
                "ACTIVE_STORAGE_SERVICE": "google",
                "GCS_BUCKET": store.bucket,
                "STORAGE_EMULATOR_HOST": store.endpoint,
            }
    else:
        with objectstores.rclone() as store:
            begin = {"s3_compatible": "STORAGE", "digitalocean": "DO"}[name]
            yield {
                "ACTIVE_STORAGE_SERVICE": name,
                f"{begin}_BUCKET_NAME": store.bucket,
                f"{begin}_BUCKET": store.bucket,
                f"{begin}_ENDPOINT": store.endpoint,
                f"{begin}_ACCESS_KEY_ID": store.key,
                f"{begin}_SECRET_ACCESS_KEY": store.secret,
                "STORAGE_REGION": "us-east-1",
                "STORAGE_FORCE_PATH_STYLE": "1",
            }


class Client:
    """A browser that sends and fetches without holding it all."""

    def __init__(self, url: str, cookie: str) -> None:
        self.host, self.cookie = urlsplit(url).netloc, cookie

    def upload(self, size: int) -> dict[str, Any]:
        """By form, as the page's script does it."""
        head = (
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="large.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        tail = f"\r\n--{BOUNDARY}--\r\n".encode()
        connection = HTTPConnection(self.host, timeout=600)
        connection.putrequest("POST", "/files", skip_host=True)
        headers = {
            "Host": "localhost",
            "Cookie": self.cookie,
            "X-CSRF-Token": CSRF,
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(len(head) + size * MB + len(tail)),
        }
        for key, value in headers.items():
            connection.putheader(key, value)
        connection.endheaders()
        connection.send(head)
        for _piece in range(size):
            connection.send(PIECE)
        connection.send(tail)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        if answer.status != 201:
            raise SystemExit(f"upload: {answer.status} {text[:500]!r}")
        return json.loads(text)

    def fetch(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
        """A file, wherever it lies: how many bytes came, and their MD5 sum."""
        host, digest, size = self.host, hashlib.md5(), 0
        while True:
            connection = HTTPConnection(host, timeout=600)
            own = {"Cookie": self.cookie, "Host": "localhost"} if host == self.host else {}
            connection.request("GET", path, headers={**own, **(headers or {})})
            answer = connection.getresponse()
            if answer.status != 303:
                break
            parts = urlsplit(answer.headers["Location"])
            host, path = parts.netloc, f"{parts.path}?{parts.query}"
            connection.close()
        if answer.status not in (200, 206):
            raise SystemExit(f"download: {answer.status} {answer.read()[:500]!r}")
        while piece := answer.read(MB):
            size += len(piece)
            digest.update(piece)
        connection.close()
        return size, digest.hexdigest()


def sum_of(size: int) -> str:
    """The MD5 sum of a file of so many megabytes."""
    digest = hashlib.md5()
    for _piece in range(size):
        digest.update(PIECE)
    return digest.hexdigest()


class Watch:
    """Looks at the memory of a process and its children all the while."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak, self.over = pid, 0.0, threading.Event()
        self.rest = megabytes(pid)
        self.thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.over.set()
        self.thread.join()

    def _look(self) -> None:
        while not self.over.wait(0.05):
            self.peak = max(self.peak, megabytes(self.pid))

    @contextmanager
    def during(self, name: str, figures: dict[str, Any]) -> Iterator[None]:
        """Note seconds and megabytes above rest of what happens within."""
        self.peak, began = 0.0, time.perf_counter()
        yield
        figures[f"{name}_seconds"] = round(time.perf_counter() - began, 1)
        figures[f"{name}_above"] = round(max(self.peak, megabytes(self.pid)) - self.rest, 1)


def table(results: list[dict[str, Any]]) -> str:
    """The figures for people."""
    lines = [f"{'':<16}{'MB':>6}{'at rest MB':>12}{'up s':>8}{'+MB':>8}{'down s':>8}{'+MB':>8}{'part s':>8}{'+MB':>8}"]
    lines += [
        f"{row['storage']:<16}{row['megabytes']:>6}{row['at_rest']:>12}"
        + "".join(f"{row[f'{name}_seconds']:>8}{row[f'{name}_above']:>8}" for name in ("up", "down", "part"))
        for row in results
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
