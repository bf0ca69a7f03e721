"""How weather files are fetched: patient, visible, whole, and silent about the token."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from insar_widgets.errors import RunError
from support.cds import TOKEN, Cds
from support.era5 import AREA, synthetic_grib

pytest.importorskip("cdsapi", reason="PyAPS is not installed")

from insar_widgets.runner.troposphere import Patience, fetch_weather, is_whole_grib

QUICK = Patience(pauses=(0.01, 0.02), poll=0.01, warn=0.0, give_up=1.5, answer=1.0)
DATES = ["20190110", "20190203", "20190227"]


class Told:
    """Keeps what was told."""

    def __init__(self) -> None:
        self.labels: list[str] = []
        self.warnings: list[str] = []

    def progress(self, fraction: float, label: str) -> None:
        assert 0 <= fraction <= 1
        self.labels.append(label)

    def warning(self, message: str) -> None:
        self.warnings.append(message)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "ERA5").mkdir()
    return [tmp_path / "ERA5" / f"ERA5_N30_N40_W130_W110_{date}_14.grb" for date in DATES]


def there(files: list[Path]) -> list[str]:
    return sorted(path.name for path in files[0].parent.iterdir())


def test_real_files_are_whole_and_cut_ones_are_not(era5_source: Path, tmp_path: Path) -> None:
    content = era5_source.read_bytes()
    copy = tmp_path / "cut.grb"
    assert is_whole_grib(era5_source)
    for length in (len(content) - 200, len(content) // 2, 6840 * 50, 10, 0):
        copy.write_bytes(content[:length])
        assert not is_whole_grib(copy), length
    copy.write_bytes(b"<html>Sign in to the network</html>")
    assert not is_whole_grib(copy)


def test_the_request_asks_for_what_pyaps_reads(cds: Cds, files, told) -> None:
    fetch_weather(files, AREA, told, QUICK)
    asked = cds.requested[1]
    assert (asked["year"], asked["month"], asked["day"], asked["time"]) == (
        ["2019"],
        ["02"],
        ["03"],
        ["14:00"],
    )
    assert asked["area"] == [40, -130, 30, -110]
    assert asked["variable"] == ["geopotential", "temperature", "specific_humidity"]
    assert len(asked["pressure_level"]) == 37 and asked["data_format"] == "grib"
    # on a slow machine the stand-in may answer late once, which is told of
    assert [label for label in told.labels if "waiting" not in label] == [
        f"{n} of 3 weather files" for n in (0, 1, 2, 3)
    ]
    assert cds.tokens == {TOKEN}
    assert [path.read_bytes() for path in files] == [cds.make(date, "14", AREA) for date in DATES]


def test_an_error_that_passes_is_told_of_and_outlasted(cds: Cds, files, told) -> None:
    cds.errors = 2
    fetch_weather(files, AREA, told, QUICK)
    assert told.warnings == [
        "The Climate Data Store answers with status 503; attempt 2 of 3 in 0.01 s.",
        "The Climate Data Store answers with status 503; attempt 3 of 3 in 0.02 s.",
    ]
    assert "0 of 3 weather files; waiting 0.01 s: the service answers with status 503" in told.labels


@pytest.mark.parametrize("mode", ["503", "429"])
def test_an_error_that_stays_ends_with_a_sentence(cds: Cds, files, told, mode: str) -> None:
    cds.mode = mode
    with pytest.raises(RunError) as raised:
        fetch_weather(files, AREA, told, QUICK)
    reason, remedy = str(raised.value).split("\n")
    assert f"3 of 3 weather files could not be had ({', '.join(DATES)})" in reason
    assert f"answers with status {mode}, 3 times in a row" in reason
    assert remedy.startswith("Start again later")


@pytest.mark.parametrize("how", ["cut", "short"])
def test_a_download_that_breaks_off_is_begun_again(cds: Cds, files, told, how: str) -> None:
    getattr(cds, how)[DATES[1]] = 1
    fetch_weather(files, AREA, told, QUICK)
    assert len(told.warnings) == 1
    assert ("broke off the download" if how == "cut" else "ends too early") in told.warnings[0]
    assert all(is_whole_grib(path) for path in files)
    assert there(files) == [path.name for path in files]


def test_a_download_that_always_breaks_off_leaves_the_others_and_no_half_file(cds: Cds, files, told) -> None:
    cds.cut[DATES[1]] = 99
    with pytest.raises(RunError, match=rf"2 of 3 weather files could not be had \({DATES[1]}, {DATES[2]}\)"):
        fetch_weather(files, AREA, told, QUICK)
    assert there(files) == [files[0].name]


def test_files_at_hand_are_kept_and_torn_ones_fetched_again(cds: Cds, files, told, era5_source) -> None:
    kept = synthetic_grib(era5_source, DATES[2], "14", AREA)
    files[0].write_bytes(kept)
    files[1].write_bytes(kept[:-3000])
    fetch_weather(files, AREA, told, QUICK)
    assert cds.dates == DATES[1:]
    assert files[0].read_bytes() == kept
    assert files[1].name in told.warnings[0] and "ends too early" in told.warnings[0]


def test_a_long_queue_is_told_of_and_at_last_left(cds: Cds, files, told) -> None:
    cds.mode = "queue"
    with pytest.raises(RunError, match="in the queue of the Climate Data Store") as raised:
        fetch_weather(files, AREA, told, QUICK)
    assert "Start again later" in str(raised.value)
    assert any("waits in the queue" in label for label in told.labels)
    assert any("The run goes on waiting" in warning for warning in told.warnings)
    assert not cds.jobs, "the request is withdrawn"


def test_a_service_that_does_not_answer_is_asked_again(cds: Cds, files, told) -> None:
    fetch_weather(files[:1], AREA, told, QUICK)
    cds.mode = "slow"
    with pytest.raises(RunError, match=r"does not answer in time|broke off|cannot be reached"):
        fetch_weather(files, AREA, told, Patience(pauses=(0.01,), answer=0.3))
    assert len(told.warnings) >= 1
    assert there(files) == [files[0].name]


def test_offline_is_said_at_once(cds: Cds, files, told, monkeypatch) -> None:
    monkeypatch.setenv("CDSAPI_URL", "http://127.0.0.1:9/api")
    with pytest.warns(UserWarning, match="127.0.0.1"), pytest.raises(RunError) as raised:
        fetch_weather(files, AREA, told, Patience())
    assert "cannot be reached from here" in str(raised.value) and "connection" in str(raised.value)


@pytest.mark.parametrize(
    ("account", "said"),
    [
        ({"CDSAPI_KEY": "1234:b2c3d4e5-1111"}, "gave up in 2024"),
        ({"CDSAPI_KEY": "b2c3\u2026d4"}, "cannot be a personal access token"),
        ({"CDSAPI_URL": "https://cds.climate.copernicus.eu/api/v2"}, "gave up in 2024"),
    ],
)
def test_an_account_of_the_wrong_kind_is_not_tried(  # noqa: PLR0917 - fixtures
    cds: Cds, files, monkeypatch, capfd, account, said
) -> None:
    for name, value in account.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RunError) as raised:
        fetch_weather(files, AREA, Told(), QUICK)
    assert said in str(raised.value)
    assert not cds.asked
    assert os.environ["CDSAPI_KEY"] not in str(raised.value) + "".join(capfd.readouterr())


def test_parts_of_a_killed_download_are_removed_and_those_of_another_run_are_not(
    cds: Cds, files, told
) -> None:
    host = socket.gethostname()
    dead = files[0].with_name(f".{files[0].name}.{host}-999999999.part")
    alive = files[0].with_name(f".{files[0].name}.{host}-{os.getppid()}.part")
    dead.touch()
    alive.touch()
    fetch_weather(files, AREA, told, QUICK)
    assert alive.exists() and not dead.exists()


def test_a_folder_that_cannot_be_written_to_is_named(cds: Cds, files, told) -> None:
    folder = files[0].parent
    folder.rmdir()
    folder.write_text("a file where the folder should be")
    with pytest.raises(RunError, match="cannot be written to") as raised:
        fetch_weather(files, AREA, told, QUICK)
    assert "mintpy.troposphericDelay.weatherDir" in str(raised.value)


def test_the_token_is_in_nothing_that_is_told(cds: Cds, files, told, capfd) -> None:
    cds.unavailable = {DATES[0]}
    cds.errors = 1
    cds.reveal = True
    with pytest.raises(RunError) as raised:
        fetch_weather(files, AREA, told, QUICK)
    everything = str(raised.value) + str(told.labels) + str(told.warnings) + "".join(capfd.readouterr())
    assert "•••" in everything
    assert TOKEN not in everything
