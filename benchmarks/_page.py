"""A page in headless Chromium, driven over the DevTools protocol with as little in the way as possible.

Playwright is not used for measuring: it has the browser report every WebSocket frame to it, as base64 in JSON, which
for megabytes of tiles takes several times as long as the tiles themselves, and no user's browser does that.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import nbformat
import websocket

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from browser.charts import PLACES
from browser.servers import serve

__all__ = ["PLACES", "Page", "busy", "notebook", "serve"]

# No GPU and no imitation of one: what is drawn is put together by the processor.
FLAGS = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--disable-gpu", "--hide-scrollbars"]


class Page:
    """One page in a Chromium of its own.

    Parameters
    ----------
    width, height
        Of the page, in pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        browser = (
            shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        )
        if browser is None:
            raise RuntimeError("These figures need Chromium; on Debian: apt-get install chromium.")
        self._home = tempfile.mkdtemp(prefix="bench-chromium-")
        self._process = subprocess.Popen(
            [
                *[browser, "--headless=new", *FLAGS, "--remote-debugging-port=0"],
                *[f"--user-data-dir={self._home}", f"--window-size={width},{height}", "about:blank"],
            ],
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid
        self._number = 0
        address = self._address()
        deadline = time.monotonic() + 60
        while True:
            with urllib.request.urlopen(f"http://{address}/json") as answer:
                pages = [target for target in json.load(answer) if target["type"] == "page"]
            if pages or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self._socket = websocket.create_connection(
            pages[0]["webSocketDebuggerUrl"], suppress_origin=True, timeout=180
        )
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def _address(self) -> str:
        for line in self._process.stderr or ():
            if found := re.search(r"ws://([^/]+)/", line):
                return found[1]
        raise RuntimeError("Chromium did not start.")

    def call(self, method: str, **params: Any) -> Any:
        """One command of the protocol."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def evaluate(self, function: str, argument: Any = None) -> Any:
        """What a function in JavaScript returns, once its promise is kept."""
        found = self.call(
            "Runtime.evaluate",
            expression=f"(async () => ({function})({json.dumps(argument)}))()",
            awaitPromise=True,
            returnByValue=True,
        )
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return found["result"].get("value")

    def open(self, url: str) -> None:
        """Go there; returns at once."""
        # Page.navigate may wait for ever when one page follows another
        self.evaluate("(url) => { location.href = url; }", url)

    def wait(self, condition: str, seconds: float = 300) -> None:
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(RuntimeError):  # the page is on its way
                if self.evaluate(f"async () => !!({condition})"):
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"The page was not ready in {seconds:g} s: {condition}")
            time.sleep(0.02)

    def click(self, x: float, y: float) -> None:
        """Click at a place of the page."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            count = 0 if kind == "mouseMoved" else 1
            button = "none" if kind == "mouseMoved" else "left"
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, clickCount=count)

    def close(self) -> None:
        """End the browser."""
        with suppress(Exception):
            self.call("Browser.close")
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stderr:
            self._process.stderr.close()
        shutil.rmtree(self._home, ignore_errors=True)


def notebook(path: Path, source: str) -> None:
    """Write a notebook of one cell."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    book.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(book, path)


def busy() -> str:
    """How much the machine has to do beside."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
