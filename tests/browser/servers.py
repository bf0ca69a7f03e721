"""Real servers on loopback, JupyterLab, Notebook, Voilà or the app, with a home, settings and folders of their own."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 120
JUPYTER = {"lab": "jupyterlab", "nb7": "notebook"}


@dataclass
class Server:
    """A running server and the last lines it wrote."""

    kind: str
    url: str
    folder: Path
    home: Path
    process: subprocess.Popen[str]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=400))


def free_port() -> int:
    """A loopback port nobody listens on, below those that the system gives to others until the server starts."""
    while True:
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            return int(listener.getsockname()[1])


def environment(home: Path) -> dict[str, str]:
    """The environment of a user who never started Jupyter before."""
    folders = {
        "HOME": home,
        "XDG_STATE_HOME": home / "state",
        "XDG_CONFIG_HOME": home / "config",
        "XDG_CACHE_HOME": home / "cache",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTER_CONFIG_DIR": home / "jupyter",
        "JUPYTER_DATA_DIR": home / "data",
        "IPYTHONDIR": home / "ipython",
    }
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    # Otherwise JupyterLab asks, over the widgets, whether it may fetch news.
    settings = folders["JUPYTER_CONFIG_DIR"] / "labconfig" / "default_setting_overrides.json"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text('{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}')
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    return inherited | {name: str(folder) for name, folder in folders.items()}


def command(kind: str, port: int, folder: Path, dark: bool, arguments: Sequence[str] = ()) -> list[str]:
    """How to start a server of a kind."""
    theme = ["--theme=dark"] if dark else []
    if kind == "app":
        program = str(Path(sys.executable).with_name("insar-widgets"))
        return [program, "app", "--no-browser", f"--port={port}", *theme, *arguments]
    if kind in JUPYTER:
        return [
            *[sys.executable, "-m", JUPYTER[kind], "--no-browser", f"--port={port}", "--ip=127.0.0.1"],
            *["--ServerApp.port_retries=0", "--IdentityProvider.token=", "--ServerApp.password="],
            *["--allow-root", "--expose-app-in-browser", f"--ServerApp.root_dir={folder}"],
        ]
    return [
        *[
            sys.executable,
            "-m",
            "voila",
            str(folder),
            "--no-browser",
            f"--port={port}",
            "--Voila.ip=127.0.0.1",
        ],
        # made for Notebook alone; Voilà cannot load it and says so on the page's console
        "--VoilaConfiguration.extension_denylist=['@jupyter-notebook/lab-extension']",
        *["--Voila.port_retries=0", "--show_tracebacks=True", *theme],
    ]


def is_listening(port: int) -> bool:
    """Whether a loopback port takes connections."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serve(
    kind: str, folder: Path, home: Path, *, dark: bool = False, arguments: Sequence[str] = ()
) -> Iterator[Server]:
    """Start a server of `kind` ("lab", "nb7", "voila" or "app") on the notebooks in `folder`, and end it afterwards.

    ``arguments`` are those of the app, which shows its own page.
    """
    port = free_port()
    process = subprocess.Popen(
        command(kind, port, folder, dark, arguments),
        env=environment(home),
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    server = Server(kind, f"http://127.0.0.1:{port}", folder, home, process)

    def read() -> None:
        for line in process.stdout or ():
            server.lines.append(line.rstrip())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        # Lines with its address may come before it listens
        until = time.monotonic() + START_SECONDS
        while not is_listening(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"{kind} did not start:\n" + "\n".join(server.lines))
            time.sleep(0.05)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reader.join(5)
        if process.stdout:
            process.stdout.close()
