"""A stand-in of the Climate Data Store on this machine: requests, queue and downloads, in its protocol."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "b2c3d4e5-1111-2222-3333-444455556666"
_PROCESS = "/api/retrieve/v1/processes/reanalysis-era5-pressure-levels"
_JOBS = "/api/retrieve/v1/jobs/"


@dataclass
class Cds:
    """What the stand-in does, where it is, and what it was asked.

    Attributes
    ----------
    make : content of the file for date (YYYYMMDD), hour (HH) and area (south, north, west, east).
    mode : ``ok``, ``licence``, ``429``, ``503``, ``queue`` (never ready), ``full`` (rejects), ``slow`` (downloads
        stand still).
    errors : so many requests are answered with 503 before anything else.
    unavailable : dates whose jobs fail.
    cut : dates whose next so many downloads break off in the middle.
    reveal : errors repeat the token.
    short : dates whose next so many downloads are announced and sent at half their length.
    """

    base: str
    make: Callable[[str, str, tuple[int, int, int, int]], bytes]
    mode: str = "ok"
    errors: int = 0
    unavailable: set[str] = field(default_factory=set)
    cut: Counter[str] = field(default_factory=Counter)
    short: Counter[str] = field(default_factory=Counter)
    reveal: bool = False
    asked: list[tuple[str, str]] = field(default_factory=list)
    requested: list[dict[str, list[str]]] = field(default_factory=list)
    jobs: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    tokens: set[str | None] = field(default_factory=set)
    release: threading.Event = field(default_factory=threading.Event)

    @property
    def dates(self) -> list[str]:
        """Dates that were requested, in order."""
        return [_date(inputs) for inputs in self.requested]


def _date(inputs: dict[str, list[str]]) -> str:
    return inputs["year"][0] + inputs["month"][0] + inputs["day"][0]


def _handler(cds: Cds) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _send(self, status: int, body: object) -> None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            path = self.path.partition("?")[0]
            cds.asked.append((self.command, path))
            if path == "/api/catalogue/v1/messages":
                self._send(200, {"messages": []})
            elif path.startswith("/files/"):
                self._file(path.rpartition("/")[2])
            elif cds.mode in ("429", "503"):
                self._send(int(cds.mode), {"title": "busy"})
            elif cds.errors > 0:
                cds.errors -= 1
                self._send(503, {"title": "out of order"})
            else:
                cds.tokens.add(self.headers.get("PRIVATE-TOKEN"))
                self._answer(path, body)

        def _answer(self, path: str, body: object) -> None:
            if self.headers.get("PRIVATE-TOKEN") != TOKEN:
                self._send(401, {"title": "Authentication failed", "detail": "Operation not permitted"})
            elif (self.command, path) == ("GET", _PROCESS):
                self._send(200, {"id": "reanalysis-era5-pressure-levels"})
            elif (self.command, path) == ("POST", f"{_PROCESS}/execution"):
                assert isinstance(body, dict)
                self._submit(body["inputs"])
            elif path.startswith(_JOBS):
                self._job(path.removeprefix(_JOBS))
            else:
                self._send(404, {"title": "not found"})

        def _submit(self, inputs: dict[str, list[str]]) -> None:
            if cds.mode == "licence":
                self._send(403, {"title": "required licences not accepted", "detail": "accept the licence"})
                return
            cds.requested.append(inputs)
            job = f"job-{len(cds.requested)}"
            cds.jobs[job] = inputs
            links = [{"rel": "monitor", "href": f"{cds.base}/retrieve/v1/jobs/{job}"}]
            self._send(201, {"jobID": job, "status": "accepted", "links": links})

        def _job(self, rest: str) -> None:
            job, _, results = rest.partition("/")
            inputs = cds.jobs.get(job)
            if inputs is None:
                self._send(404, {"title": "job not found"})
            elif self.command == "DELETE":
                del cds.jobs[job]
                self._send(200, {"status": "dismissed"})
            elif results and _date(inputs) in cds.unavailable:
                said = "None of the data is available yet" + (f" for {TOKEN}" if cds.reveal else "")
                self._send(400, {"title": "The job failed", "traceback": said})
            elif results and cds.mode == "full":
                said = "Number of queued requests for this dataset is temporarily limited"
                self._send(400, {"title": "The job was rejected", "traceback": said})
            elif results:
                size = len(self._content(inputs))
                href = f"{cds.base.removesuffix('/api')}/files/{job}"
                value = {"type": "application/x-grib", "href": href, "file:size": size}
                self._send(200, {"asset": {"value": value}})
            else:
                failed = "failed" if _date(inputs) in cds.unavailable else "successful"
                status = {"queue": "accepted", "full": "rejected"}.get(cds.mode, failed)
                self._send(200, {"jobID": job, "status": status, "links": []})

        def _content(self, inputs: dict[str, list[str]]) -> bytes:
            north, west, south, east = (int(value) for value in inputs["area"])
            hour = inputs["time"][0][:2]
            content = cds.make(_date(inputs), hour, (south, north, west, east))
            return content[: len(content) // 2] if cds.short[_date(inputs)] > 0 else content

        def _file(self, job: str) -> None:
            inputs = cds.jobs[job]
            content = self._content(inputs)
            date = _date(inputs)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "HEAD":
                return
            if cds.mode == "slow":
                self.wfile.write(content[:1000])
                self.wfile.flush()
                cds.release.wait(60)
            elif cds.cut[date] > 0:
                cds.cut[date] -= 1
                self.wfile.write(content[: len(content) // 2])
                self.close_connection = True
            else:
                cds.short[date] -= 1
                self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_HEAD = _serve

    return Handler


@contextmanager
def serve_cds(make: Callable[[str, str, tuple[int, int, int, int]], bytes]) -> Iterator[Cds]:
    """Run a stand-in until the block ends."""
    cds = Cds("", make)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(cds))
    server.daemon_threads = True
    cds.base = f"http://127.0.0.1:{server.server_address[1]}/api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield cds
    finally:
        cds.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
