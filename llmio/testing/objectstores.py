"""Servers that keep objects, on this machine: what storage plugins are tested against, with the real client libraries.

`rclone` checks signatures as Amazon does: wrong, tampered and expired ones are refused. `moto` knows more of S3's calls but
believes everybody. `google` speaks Google Cloud Storage's JSON. All need the extra `test`.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmio.embedded.ports import free_port

HOST = "127.0.0.1"
BUCKET = "files"
PATIENCE = 60.0


@dataclass(frozen=True)
class ObjectStore:
    """Where it is, and the key that opens it."""

    endpoint: str
    key: str = "test-key"
    secret: str = "test-secret-of-some-length"  # the one that the server below is given
    bucket: str = BUCKET
    folder: Path | None = None
    """Where `rclone` keeps what it is given."""


@contextmanager
def rclone() -> Iterator[ObjectStore]:
    """`rclone serve s3` on a folder of its own."""
    program = shutil.which("rclone", path=str(Path(sys.executable).parent)) or shutil.which("rclone")
    if program is None:
        raise FileNotFoundError("rclone is not installed; the extra `test` brings it")
    folder = Path(tempfile.mkdtemp(prefix="llmio-rclone-"))
    (folder / BUCKET).mkdir()
    port = free_port()
    store = ObjectStore(f"http://{HOST}:{port}", folder=folder)
    words = ["serve", "s3", "--addr", f"{HOST}:{port}", "--auth-key", f"{store.key},{store.secret}"]
    process = subprocess.Popen(  # noqa: S603  # our own words
        [program, *words, "--config", "/dev/null", "--vfs-cache-mode", "off", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, process)
        yield store
    finally:
        process.terminate()
        process.wait(PATIENCE)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def moto() -> Iterator[ObjectStore]:
    """Moto's server, in a thread; the bucket is there."""
    import boto3  # noqa: PLC0415  # optional: extra `test`
    from moto.server import ThreadedMotoServer  # noqa: PLC0415  # likewise

    server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        store = ObjectStore(f"http://{host}:{port}")
        client = boto3.client(
            "s3",
            endpoint_url=store.endpoint,
            aws_access_key_id=store.key,
            aws_secret_access_key=store.secret,
            region_name="us-east-1",
        )
        with closing(client):
            client.create_bucket(Bucket=BUCKET)
        yield store
    finally:
        server.stop()


@contextmanager
def google() -> Iterator[ObjectStore]:
    """An emulator of Google Cloud Storage, in a thread, that keeps everything in memory; the bucket is there."""
    from gcp_storage_emulator.server import create_server  # noqa: PLC0415  # optional: extra `test`

    port = free_port()
    server = create_server(HOST, port, in_memory=True, default_bucket=BUCKET)
    server.start()
    try:
        yield ObjectStore(f"http://{HOST}:{port}")
    finally:
        server.stop()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < end:
        with socket.socket() as one:
            if one.connect_ex((HOST, port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError("rclone did not come up")
