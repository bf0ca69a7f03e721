"""Weather model files for the tropospheric correction: all of them, whole, or a sentence that says which are not.

MintPy skips a file that exists, tries a download three times and then goes on with what it has, without a word.
Imported only inside a run's process: it needs ``cdsapi``.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests
from ecmwf.datastores.processing import DownloadError, ProcessingFailedError

from insar_widgets.errors import RunError
from insar_widgets.runner.cds_account import DATASET, LICENCE_PAGE, TOKEN_PAGE, CdsAccount, cds_account
from insar_widgets.runner.dates import MOST_DATES, Tell, some_dates

__all__ = ["Patience", "fetch_weather", "is_whole_grib"]

T = TypeVar("T")

# What PyAPS integrates: it reads geopotential, temperature and humidity of these levels, in this order, in hPa.
LEVELS = (
    *(
        1,
        2,
        3,
        5,
        7,
        10,
        20,
        30,
        50,
        70,
        100,
        125,
        150,
        175,
        200,
        225,
        250,
        300,
        350,
        400,
        450,
        500,
        550,
        600,
    ),
    *(650, 700, 750, 775, 800, 825, 850, 875, 900, 925, 950, 975, 1000),
)
VARIABLES = ("geopotential", "temperature", "specific_humidity")
MESSAGES = len(LEVELS) * len(VARIABLES)

_DATE_AND_HOUR = re.compile(r"(\d{8})_(\d{2})\.grb$")
_AGAIN = (408, 429, 500, 502, 503, 504)
_BROKEN_OFF = (
    requests.exceptions.ConnectionError,
    requests.exceptions.Timeout,
    requests.exceptions.ChunkedEncodingError,
    DownloadError,
    FileNotFoundError,  # the client says so when the service sent an error instead of the file
)
_OTHER_METHOD = "set mintpy.troposphericDelay.method to height_correlation or no"


@dataclass(frozen=True)
class Patience:
    """How long to bear with the service, in seconds.

    Attributes
    ----------
    pauses : between the attempts of one request; one attempt more than there are pauses.
    poll : longest time between two looks at a request in the queue.
    warn : a request that waits longer is told of.
    give_up : a request that waits longer is withdrawn.
    answer : longest time without an answer.
    """

    pauses: tuple[float, ...] = (10, 30, 120, 120, 120)
    poll: float = 30.0
    warn: float = 600.0
    give_up: float = 6 * 3600.0
    answer: float = 60.0


class _Missing(Exception):  # noqa: N818 - a finding about one date; the others are still tried
    """One file cannot be had."""


class _Stop(Exception):  # noqa: N818 - see above
    """No file can be had."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy


class _NotWhole(Exception):  # noqa: N818 - see above
    """What was downloaded is no whole GRIB file."""


def fetch_weather(
    files: Sequence[Path],
    area: tuple[int, int, int, int] | None,
    tell: Tell,
    patience: Patience | None = None,
) -> None:
    """Have every weather file in its place, whole.

    Files that are there and whole are kept, whoever downloaded them; those that are not whole are removed and
    fetched again. A file gets its name only when it is complete.

    Parameters
    ----------
    files
        Paths with MintPy's names, ``..._YYYYMMDD_HH.grb``.
    area
        South, north, west, east in whole degrees; None for the whole globe.
    tell
        Takes progress and warnings.
    patience
        How long to bear with the service.

    Raises
    ------
    RunError
        If some cannot be had: the first line names the dates and says why, the second what to do.
    """
    _Fetcher(tell, patience or Patience()).fetch(files, area)


class _Fetcher:
    def __init__(self, tell: Tell, patience: Patience) -> None:
        self._tell = tell
        self._patience = patience
        self._account: CdsAccount | None = None
        self._client: Any = None
        self._reached = False
        self._share = (0, 1)
        self._said: set[str] = set()

    def fetch(self, files: Sequence[Path], area: tuple[int, int, int, int] | None) -> None:
        try:
            self._fetch(files, area)
        except OSError as error:
            if isinstance(error, requests.exceptions.RequestException):
                raise RunError(self._clean(f"The weather files could not be downloaded: {error}")) from None
            raise

    def _fetch(self, files: Sequence[Path], area: tuple[int, int, int, int] | None) -> None:
        _remove_dead_parts(files)
        todo = [path for path in files if not self._keeps(path)]
        missing: dict[Path, str] = {}
        remedy = f"Start again later, or {_OTHER_METHOD}."
        for path in todo:
            self._share = (len(files) - len(todo) + todo.index(path) - len(missing), len(files))
            self._progress()
            try:
                self._get(path, area)
            except _Missing as told:
                missing[path] = str(told)
                self._warn(f"No weather file for {_date(path)}: {told}")
            except _Stop as told:
                remedy = told.remedy or remedy
                missing |= {p: str(told) for p in todo[todo.index(path) :]}
                break
        self._share = (len(files) - len(missing), len(files))
        self._progress()
        if missing:
            self._refuse(missing, files, remedy)

    def _refuse(self, missing: dict[Path, str], files: Sequence[Path], remedy: str) -> None:
        dates = [_date(path) for path in missing]
        if len(dates) > MOST_DATES:
            self._warn(f"{len(dates)} weather files are missing: {', '.join(dates)}")
        reasons = list(dict.fromkeys(reason.rstrip(".") for reason in missing.values()))
        kept = len(files) - len(missing)
        rest = f" The other {kept} are kept in {files[0].parent}." if kept else ""
        raise RunError(
            self._clean(
                f"{len(missing)} of {len(files)} weather files could not be had ({some_dates(dates)}): "
                f"{'; '.join(reasons[:3])}.{rest}\n{remedy}"
            )
        )

    def _keeps(self, path: Path) -> bool:
        """Whether the file is there and whole; one that is not is removed, as MintPy would take it as it is."""
        if not path.exists():
            return False
        if is_whole_grib(path):
            return True
        self._warn(
            f"{path.name} ends too early ({path.stat().st_size:,} bytes) and is not used; it is fetched again."
        )
        try:
            path.unlink()
        except OSError as error:
            raise RunError(
                f"{path} is not whole and cannot be removed ({error.strerror}).\n"
                "Have it removed, or set mintpy.troposphericDelay.weatherDir to a folder of your own."
            ) from None
        return False

    # one file

    def _get(self, path: Path, area: tuple[int, int, int, int] | None) -> None:
        if self._client is None:
            self._client = self._connect()
        part = _part(path)
        try:
            part.touch()
        except OSError as error:
            raise _Stop(
                f"The weather folder {path.parent} cannot be written to ({error.strerror})",
                "Set mintpy.troposphericDelay.weatherDir to a folder you may write to.",
            ) from None
        remote: Any = None
        try:
            remote = self._patiently(lambda: self._client.retrieve(DATASET, _request(path, area)))
            self._wait(remote, path)
            self._patiently(lambda: _download(remote, part))
            part.replace(path)
        except BaseException:
            if remote is not None:
                _withdraw(remote)
            raise
        finally:
            part.unlink(missing_ok=True)

    def _connect(self) -> Any:
        import cdsapi  # noqa: PLC0415 - files that are all there need no client

        try:
            self._account = cds_account()
        except RunError as error:
            reason, _, remedy = str(error).partition("\n")
            raise _Stop(reason, remedy) from None
        return cdsapi.Client(
            url=self._account.url,
            key=self._account.key,
            verify=self._account.verify,
            timeout=self._patience.answer,
            progress=False,
            retry_max=1,  # it would sleep for minutes, where nobody sees it; see _patiently
            wait_until_complete=False,
            info_callback=self._log,
            warning_callback=self._warn,
            error_callback=self._warn,
        )

    def _wait(self, remote: Any, path: Path) -> None:
        """Wait until the request is done; how long it has waited is shown."""
        began = time.monotonic()
        pause = 1.0
        warned = False
        while not self._patiently(lambda: bool(remote.results_ready)):
            waited = time.monotonic() - began
            state = "waits in the queue" if remote.last_status == "accepted" else "is being put together"
            self._progress(f"{_date(path)} {state}, {_minutes(waited)}")
            if waited > self._patience.give_up:
                raise _Stop(
                    f"The request for {_date(path)} was {_minutes(waited)} in the queue of the Climate Data Store",
                    f"The service is busy. Start again later, or {_OTHER_METHOD}.",
                )
            if waited > self._patience.warn and not warned:
                warned = True
                self._warn(
                    f"The request for {_date(path)} {state} of the Climate Data Store for {_minutes(waited)} now. "
                    "The run goes on waiting; cancelling it loses nothing that was downloaded."
                )
            time.sleep(pause)
            pause = min(pause * 1.5, self._patience.poll)

    def _patiently(self, call: Callable[[], T]) -> T:
        """Call again after failures that pass; every pause is told of."""
        pauses = self._patience.pauses
        for attempt in range(len(pauses) + 1):
            try:
                result = call()
            except requests.HTTPError as error:
                status = error.response.status_code if error.response is not None else 0
                if status not in _AGAIN:
                    raise self._refused(status, str(error)) from None
                trouble = f"answers with status {status}"
            except ProcessingFailedError as error:
                raise _failed(str(error)) from None
            except _NotWhole:
                self._reached = True
                trouble = "sent a file that ends too early"
            except _BROKEN_OFF as error:
                trouble = _trouble(error)
                if isinstance(error, requests.exceptions.ConnectionError) and not self._reached:
                    raise _Stop(
                        "The Climate Data Store cannot be reached from here",
                        "Check the connection and the proxy settings and start again, or copy the files into the "
                        f"folder yourself, or {_OTHER_METHOD}.",
                    ) from None
            else:
                self._reached = True
                return result
            if attempt < len(pauses):
                pause = pauses[attempt]
                said = f"The Climate Data Store {trouble}"
                self._warn(f"{said}; attempt {attempt + 2} of {len(pauses) + 1} in {pause:g} s.", again=True)
                self._progress(f"waiting {pause:g} s: the service {trouble}")
                time.sleep(pause)
        raise _Stop(f"The Climate Data Store {trouble}, {len(pauses) + 1} times in a row")

    def _refused(self, status: int, said: str) -> Exception:
        assert self._account is not None  # noqa: S101 - nothing was asked without one
        if status == 403 and "licen" in said.lower():
            return _Stop(
                "The licence of the ERA5 dataset has not been accepted yet",
                f"Accept it once at {LICENCE_PAGE} and start again.",
            )
        if status in (401, 403):
            return _Stop(
                f"The Climate Data Store refuses the token in {self._account.source}",
                f"Copy the personal access token anew from {TOKEN_PAGE}, store it, and start again.",
            )
        return _failed(said.partition("\n")[2] or said)

    # telling

    def _progress(self, what: str = "") -> None:
        done, total = self._share
        label = f"{done} of {total} weather files" + (f"; {what}" if what else "")
        self._tell.progress(done / max(1, total), label)

    def _warn(self, message: str, *args: Any, again: bool = False) -> None:
        text = self._clean(message % args if args else message)
        if again or text not in self._said:
            self._said.add(text)
            self._tell.warning(text)

    def _log(self, message: str, *args: Any) -> None:
        print(self._clean(message % args if args else message), flush=True)  # noqa: T201 - the step's log

    def _clean(self, text: str) -> str:
        """Take the token out of whatever the client or the service says."""
        key = self._account.key if self._account else ""
        return text.replace(key, "•••") if key else text


def is_whole_grib(path: Path, messages: int = MESSAGES) -> bool:
    """Whether a file is a chain of at least so many GRIB messages, each of its full length.

    Lengths and end marks as in the WMO Manual on Codes, FM 92, editions 1 and 2.
    """
    found = at = 0
    content = path.read_bytes()  # a megabyte or two; the archive pads messages with zeros
    while (at := content.find(b"GRIB", at)) >= 0:
        head = content[at : at + 16]
        length = int.from_bytes(head[4:7] if head[7:8] == b"\x01" else head[8:16])
        if length < 16 or content[at + length - 4 : at + length] != b"7777":
            return False
        found += 1
        at += length
    return found >= messages


def _request(path: Path, area: tuple[int, int, int, int] | None) -> dict[str, Any]:
    match = _DATE_AND_HOUR.search(path.name)
    if match is None:
        raise RunError(f"{path.name} is not the name of an ERA5 file: it should end with _YYYYMMDD_HH.grb.")
    date, hour = match.groups()
    request: dict[str, Any] = {
        "product_type": ["reanalysis"],
        "variable": list(VARIABLES),
        "year": [date[:4]],
        "month": [date[4:6]],
        "day": [date[6:]],
        "time": [f"{hour}:00"],
        "pressure_level": [str(level) for level in LEVELS],
        "data_format": "grib",
    }
    if area is not None:
        south, north, west, east = area
        request["area"] = [north, west, south, east]
    return request


def _download(remote: Any, part: Path) -> None:
    remote.download(str(part))
    if not is_whole_grib(part):
        raise _NotWhole


def _withdraw(remote: Any) -> None:
    """Take the request out of the service's queue, if that goes quickly."""
    with suppress(Exception):
        remote.session.delete(remote.url, headers=remote.headers, timeout=2)


def _failed(said: str) -> Exception:
    """What a request that the service did not fulfil means."""
    text = _one_line(said)
    if re.search(r"queue|too many|limited|limit exceeded", said, re.IGNORECASE):
        return _Stop(
            f"The Climate Data Store takes no more requests now: {text}",
            f"Wait until your other requests are done and start again, or {_OTHER_METHOD}.",
        )
    return _Missing(f"the Climate Data Store could not fulfil the request: {text}")


def _trouble(error: Exception) -> str:
    if isinstance(error, requests.exceptions.ReadTimeout):
        return "does not answer in time"
    if isinstance(error, requests.exceptions.ConnectionError | requests.exceptions.ConnectTimeout):
        return "cannot be reached"
    return "broke off the download"


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{socket.gethostname()}-{os.getpid()}.part")


def _remove_dead_parts(files: Sequence[Path]) -> None:
    """Remove what killed runs of this machine left half downloaded."""
    pattern = re.compile(rf"{re.escape(socket.gethostname())}-(\d+)\.part$")
    for folder in {path.parent for path in files}:
        for part in folder.glob(".*.grb.*.part"):
            match = pattern.search(part.name)
            if match and not Path(f"/proc/{match[1]}").exists():
                with suppress(OSError):
                    part.unlink()


def _date(path: Path) -> str:
    match = _DATE_AND_HOUR.search(path.name)
    return match[1] if match else path.name


def _one_line(text: str) -> str:
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())[:300]


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
