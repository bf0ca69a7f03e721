"""A stand-in of the Nevada Geodetic Laboratory on this machine, with its addresses and its ways of failing."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import h5py

HTML = b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n"
HOLDINGS = "/NGLStationPages/DataHoldings.txt"
STEPS = "/NGLStationPages/steps.txt"


def igs20(name: str) -> str:
    return f"/gps_timeseries/IGS20/tenv3/IGS20/{name}.tenv3"


def igs14(name: str) -> str:
    return f"/gps_timeseries/tenv3/IGS14/{name}.tenv3"


def keep_more_pixels(work_dir: Path, target: Path) -> Path:
    """A copy of a run whose mask has `minTempCoh = 0.3`, so that most simulated stations are in."""
    shutil.copytree(work_dir, target, ignore=shutil.ignore_patterns("pic", "inputs", "prepared"))
    shutil.copytree(work_dir / "inputs", target / "inputs")
    with (
        h5py.File(target / "temporalCoherence.h5") as quality,
        h5py.File(target / "maskTempCoh.h5", "r+") as mask,
    ):
        mask["mask"][...] = quality["temporalCoherence"][...] >= 0.3
    return target


@dataclass
class Laboratory:
    """What it serves (by path), how it fails (by path), and what it was asked.

    Ways of failing: ``truncated``, ``html`` (an error page with status 200), ``500``, ``busy`` (429 once, then well),
    ``silent`` (no answer until `release` is set), ``hang up``.
    """

    base: str
    files: dict[str, bytes] = field(default_factory=dict)
    fails: dict[str, str] = field(default_factory=dict)
    latency: float = 0.0
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0
    release: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def serve_folder(self, folder: Path) -> None:
        """Serve what the simulation wrote: the list, the steps, and each series in IGS20."""
        self.files[HOLDINGS] = (folder / "DataHoldings.txt").read_bytes()
        self.files[STEPS] = (folder / "steps.txt").read_bytes()
        for path in folder.glob("*.tenv3"):
            self.files[igs20(path.stem)] = path.read_bytes()


def _handler(laboratory: Laboratory) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def _send(self, status: int, body: bytes, kind: str = "text/plain", claim: int | None = None) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body) if claim is None else claim))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            with laboratory.lock:
                laboratory.asked.append(self.path)
                laboratory.at_once += 1
                laboratory.most_at_once = max(laboratory.most_at_once, laboratory.at_once)
            try:
                time.sleep(laboratory.latency)  # the latency of the line is what is simulated
                self._answer()
            finally:
                with laboratory.lock:
                    laboratory.at_once -= 1

        def _answer(self) -> None:
            content = laboratory.files.get(self.path)
            match laboratory.fails.get(self.path):
                case "html":
                    self._send(200, HTML, "text/html")
                case "500":
                    self._send(500, HTML, "text/html")
                case "busy":
                    del laboratory.fails[self.path]
                    self._send(429, HTML, "text/html")
                case "silent":
                    laboratory.release.wait(60)
                    self.close_connection = True
                case "hang up":
                    self.close_connection = True
                case "truncated":
                    assert content is not None
                    self._send(200, content[: len(content) // 2], claim=len(content))
                    self.close_connection = True
                case _ if content is None:
                    self._send(404, HTML, "text/html")
                case _:
                    self._send(200, content)

    return Handler


@contextmanager
def laboratory() -> Iterator[Laboratory]:
    served = Laboratory("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(served))
    server.daemon_threads = True
    served.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.release.set()
        server.shutdown()
        server.server_close()
        thread.join()
