"""The Nevada Geodetic Laboratory's files: fetched in parallel, kept in a cache, used without the internet."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs
import requests

from insar_widgets.errors import CancelledError, GnssError

__all__ = [
    "BASE_URL",
    "Fetched",
    "default_cache_dir",
    "fetch_holdings",
    "fetch_series",
    "fetch_steps",
]

BASE_URL = "https://geodesy.unr.edu"
HOLDINGS = "NGLStationPages/DataHoldings.txt"
STEPS = "NGLStationPages/steps.txt"
SERIES = {
    "IGS20": "gps_timeseries/IGS20/tenv3/IGS20/{name}.tenv3",
    "IGS14": "gps_timeseries/tenv3/IGS14/{name}.tenv3",
}
PLATE_SERIES = "gps_timeseries/tenv3/plates/{frame}/{name}.{frame}.tenv3"
CONNECTIONS = 6
TIMEOUT = (10.0, 30.0)
TRIES = 3
DAY = 86400.0

Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Fetched:
    """What became of one file.

    Attributes
    ----------
    path : the file in the cache, or None.
    age_days : since it was fetched.
    from_cache : whether no request was made, or none succeeded and an older copy is used.
    frame : reference frame of a series; empty for other files.
    problem : why the newest could not be had; empty if all is well.
    """

    path: Path | None
    age_days: float = 0.0
    from_cache: bool = False
    frame: str = ""
    problem: str = ""


class _MissingError(GnssError):
    """The service says that there is no such file."""


def default_cache_dir() -> Path:
    """Folder in the user's cache in which station list and series are kept."""
    return Path(platformdirs.user_cache_dir("insar_widgets")) / "ngl"


@dataclass
class _Service:
    """One service, asked politely: a bounded number of connections, which are kept open."""

    base_url: str
    cancelled: threading.Event = field(default_factory=threading.Event)
    tries: int = TRIES
    timeout: tuple[float, float] = TIMEOUT
    offline: bool = False
    _sessions: dict[int, requests.Session] = field(default_factory=dict)

    def get(self, path: str, target: Path, looks_right: Callable[[bytes], bool]) -> None:
        """Fetch a file; it appears whole or not at all.

        Raises
        ------
        _MissingError
            The service has no such file.
        GnssError
            It could not be had.
        """
        if self.offline:
            raise GnssError(f"{Path(path).name} is not at hand, and nothing is downloaded here.")
        address = f"{self.base_url.rstrip('/')}/{path}"
        problem = ""
        for attempt in range(self.tries):
            if attempt:
                # a moment longer each time, and not all at once
                self._pause(0.5 * 2 ** (attempt - 1) * random.uniform(0.75, 1.25))  # noqa: S311
            self._check()
            try:
                content, wait = self._ask(address)
            except requests.RequestException as error:
                problem = _in_words(error)
                continue
            if isinstance(content, bytes):
                if looks_right(content):
                    _write(target, content)
                    return
                problem = "the answer is not such a file, or not all of it"
            else:
                problem = content
                if wait:
                    self._pause(min(wait, 30.0))
        raise GnssError(f"{address}: {problem} ({self.tries} tries).")

    def _ask(self, address: str) -> tuple[bytes | str, float]:
        """Content, or what went wrong in words and how long the service wants to be left alone."""
        with self._session().get(address, timeout=self.timeout, stream=True) as answer:
            if answer.status_code in {404, 410}:
                raise _MissingError(f"{address} does not exist.")
            if answer.status_code != 200:
                after = answer.headers.get("Retry-After", "")
                return f"the service answered {answer.status_code} {answer.reason}", float(
                    after
                ) if after.isdigit() else 0.0
            parts = []
            for part in answer.iter_content(65536):
                self._check()
                parts.append(part)
            content = b"".join(parts)
            length = answer.headers.get("Content-Length", "")
            if (
                length.isdigit()
                and not answer.headers.get("Content-Encoding")
                and len(content) != int(length)
            ):
                return f"the answer broke off after {len(content)} of {length} bytes", 0.0
            return content, 0.0

    def _session(self) -> requests.Session:
        """One for each thread: a session is not safe to share."""
        thread = threading.get_ident()
        if thread not in self._sessions:
            self._sessions[thread] = requests.Session()
            self._sessions[thread].headers["User-Agent"] = "insar-widgets"
        return self._sessions[thread]

    def close(self) -> None:
        """Give the connections back."""
        for session in self._sessions.values():
            session.close()

    def _pause(self, seconds: float) -> None:
        self.cancelled.wait(seconds)
        self._check()

    def _check(self) -> None:
        if self.cancelled.is_set():
            raise CancelledError("Cancelled.")


def fetch_holdings(
    base_url: str = BASE_URL,
    cache_dir: str | Path | None = None,
    *,
    refresh: bool = False,
    max_age_days: float = 30,
    offline: bool = False,
    cancelled: threading.Event | None = None,
) -> Fetched:
    """NGL's list of stations, from the cache while it is not older than `max_age_days`; from there alone if `offline`.

    Raises
    ------
    GnssError
        It could not be had, and there is no older copy.
    """
    return _fetch_list(HOLDINGS, base_url, cache_dir, refresh, max_age_days, cancelled, offline=offline)


def fetch_steps(
    base_url: str = BASE_URL,
    cache_dir: str | Path | None = None,
    *,
    refresh: bool = False,
    max_age_days: float = 30,
    offline: bool = False,
    cancelled: threading.Event | None = None,
) -> Fetched:
    """NGL's list of steps; see `fetch_holdings` and `read_steps`."""
    return _fetch_list(STEPS, base_url, cache_dir, refresh, max_age_days, cancelled, offline=offline)


def _fetch_list(  # noqa: PLR0917
    path: str,
    base_url: str,
    cache_dir: str | Path | None,
    refresh: bool,
    max_age_days: float,
    cancelled: threading.Event | None,
    *,
    offline: bool,
) -> Fetched:
    target = _cache(cache_dir) / Path(path).name
    age = _age(target)
    if age is not None and (offline or (age <= max_age_days and not refresh)):
        return Fetched(target, age, from_cache=True)
    try:
        with closing(_Service(base_url, cancelled or threading.Event(), offline=offline)) as service:
            service.get(path, target, _is_table)
    except GnssError as error:
        if age is not None:
            return Fetched(target, age, True, "", f"{error} The copy of {age:.0f} days ago is used.")
        raise GnssError(
            f"The list {Path(path).name} of the Nevada Geodetic Laboratory could not be had: {error} "
            f"Without internet, put a copy at {target}."
        ) from error
    return Fetched(target)


def fetch_series(
    names: Iterable[str],
    base_url: str = BASE_URL,
    cache_dir: str | Path | None = None,
    *,
    frames: Iterable[str] = ("IGS20", "IGS14"),
    refresh: bool = False,
    max_age_days: float = 30,
    connections: int = CONNECTIONS,
    offline: bool = False,
    on_progress: Progress | None = None,
    cancelled: threading.Event | None = None,
) -> Mapping[str, Fetched]:
    """Series of stations, several at a time; what is in the cache is not asked for again.

    Parameters
    ----------
    names
        Stations.
    base_url
        The service.
    cache_dir
        Folder that keeps the files, each frame in a folder of its own; `default_cache_dir` if not given.
    frames
        Reference frames in order of preference: ``IGS20``, ``IGS14``, or a plate such as ``NA``.
    refresh
        Ask for the newest, whatever the cache holds.
    max_age_days
        Copies older than this are fetched again where that is possible.
    connections
        Requests at a time.
    offline
        Take what the cache holds, however old, and ask for nothing.
    on_progress
        Called with the share done and words.
    cancelled
        Set it to stop; what is complete stays in the cache.

    Returns
    -------
    mapping
        For each name the file, its frame and age, or the problem. One that fails costs one station.

    Raises
    ------
    CancelledError
        If `cancelled` was set.
    """
    wanted = list(dict.fromkeys(name.upper() for name in names))
    if offline:
        refresh, max_age_days = False, float("inf")
    folder, frames = _cache(cache_dir), tuple(frames)
    done = 0
    lock = threading.Lock()

    def one(name: str) -> Fetched:
        nonlocal done
        try:
            found = _fetch_one(name, frames, folder, service, refresh=refresh, max_age_days=max_age_days)
        except GnssError as error:
            found = Fetched(None, problem=str(error))
        with lock:
            done += 1
            if on_progress:
                on_progress(done / len(wanted), f"{name}: {done} of {len(wanted)} series")
        return found

    with (
        closing(_Service(base_url, cancelled or threading.Event(), offline=offline)) as service,
        ThreadPoolExecutor(max(1, min(connections, len(wanted))), "gnss") as pool,
    ):
        return dict(zip(wanted, pool.map(one, wanted), strict=True))


def _fetch_one(
    name: str, frames: tuple[str, ...], folder: Path, service: _Service, *, refresh: bool, max_age_days: float
) -> Fetched:
    if not (name.isascii() and name.isalnum() and len(name) == 4):
        raise GnssError(f"{name!r} is no station name: NGL's have four letters or digits.")
    copies = [
        (frame, path, _age(path)) for frame, path in ((f, _series_file(folder, f, name)) for f in frames)
    ]
    if not refresh:
        for frame, path, age in copies:
            if age is not None and age <= max_age_days:
                return Fetched(path, age, True, frame)
    for frame, path, _ in copies:
        # that the service lacks a series is remembered as long as a series would be
        missing = path.with_name(f"{path.name}.missing")
        known = _age(missing)
        if known is not None and known <= max_age_days and not refresh:
            continue
        try:
            service.get(SERIES.get(frame, PLATE_SERIES).format(name=name, frame=frame), path, _is_table)
        except _MissingError:
            _write(missing, b"")
        except GnssError as error:
            # A frame that is out of reach just now is no reason to download another; one that is at hand will do.
            for other, copy, age in copies:
                if age is not None:
                    return Fetched(
                        copy, age, True, other, f"{error} The copy of {age:.0f} days ago in {other} is used."
                    )
            raise
        else:
            return Fetched(path, 0.0, False, frame)
    raise GnssError(f"the service has no series of {name} in {' or '.join(frames)}.")


def _series_file(folder: Path, frame: str, name: str) -> Path:
    return folder / frame / Path(SERIES.get(frame, PLATE_SERIES).format(name=name, frame=frame)).name


def _is_table(content: bytes) -> bool:
    """Plain text that ends with a whole line; not an error page, which services send with a success too."""
    start = content[:512].lstrip().lower()
    return bool(start) and not start.startswith(b"<") and b"<html" not in start and content.endswith(b"\n")


def _write(target: Path, content: bytes) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fd, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o644)
            Path(name).replace(target)
        except BaseException:
            with suppress(FileNotFoundError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise GnssError(f"{target} cannot be written: {error.strerror}. Choose another cache_dir.") from error


def _age(path: Path) -> float | None:
    try:
        return max(0.0, time.time() - path.stat().st_mtime) / DAY
    except OSError:
        return None


def _cache(cache_dir: str | Path | None) -> Path:
    return Path(cache_dir).expanduser() if cache_dir else default_cache_dir()


def _in_words(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "the service did not answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "the connection is not secure (certificate)"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the answer broke off"
    if isinstance(error, requests.ConnectionError):
        return "the service cannot be reached"
    return type(error).__name__
