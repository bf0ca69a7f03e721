"""A stand-in of the Climate Data Store and of Earthdata on this machine, speaking their protocol."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

GOOD = "b2c3d4e5-1111-2222-3333-444455556666"


@dataclass
class Service:
    """What the stand-in does (``mode``), where it is, and what it was asked."""

    base: str
    mode: str = "ok"
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    jobs: set[str] = field(default_factory=set)
    release: threading.Event = field(default_factory=threading.Event)
    elsewhere: str = ""


def _handler(service: Service) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def _send(self, status: int, body: object, **headers: str) -> None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            token = self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization")
            service.asked.append((self.command, self.path, token))
            match service.mode:
                case "slow":
                    service.release.wait(30)
                case "drip":
                    self.send_response(200)
                    self.end_headers()
                    while not service.release.wait(0.02):
                        self.wfile.write(b" ")
                case "not http":
                    self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
                case "hang up":
                    self.close_connection = True
                case "html":
                    self._send(200, b"<html>Welcome to the hotel's wireless network</html>")
                case "500" | "429" | "503":
                    self._send(int(service.mode), {"title": "out of order"})
                case "redirect":
                    self._send(302, {}, Location=service.elsewhere)
                case _:
                    self._answer(token, body)

        def _answer(self, token: str | None, body: object) -> None:
            path = self.path.partition("?")[0]
            if service.mode == "login" and (self.command, path) == ("GET", "/api/users/tokens"):
                self._send(200, [])
            elif token != GOOD:
                self._send(401, {"type": "unauthorized", "title": "authentication failed", "status": 401})
            elif (self.command, path) == ("GET", "/api/retrieve/v1/jobs"):
                self._send(200, {"jobs": [], "links": []})
            elif self.command == "POST" and path == (
                "/api/retrieve/v1/processes/reanalysis-era5-pressure-levels/execution"
            ):
                assert isinstance(body, dict)
                assert body["inputs"]["variable"]
                if service.mode == "licence":
                    self._send(403, {"title": "required licences not accepted", "status": 403})
                    return
                service.jobs.add("job-1")
                monitor = f"{service.base}/retrieve/v1/jobs/job-1"
                links = [{"rel": "monitor", "href": monitor, "type": "application/json"}]
                self._send(201, {"jobID": "job-1", "status": "accepted", "links": links})
            elif self.command == "DELETE" and path.rpartition("/")[2] in service.jobs:
                service.jobs.discard(path.rpartition("/")[2])
                self._send(200, {"status": "dismissed"})
            else:
                self._send(404, {"title": "not found"})

        do_GET = do_POST = do_DELETE = _serve

    return Handler


@contextmanager
def serve_accounts() -> Iterator[Service]:
    """Run a stand-in until the block ends."""
    found = Service("")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    server.daemon_threads = True
    found.base = f"http://127.0.0.1:{server.server_address[1]}/api"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        found.release.set()
        server.shutdown()
        thread.join()
        server.server_close()
