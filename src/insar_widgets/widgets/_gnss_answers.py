"""What the page of a GnssInspector asks the kernel; answered on worker threads."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from insar_widgets.errors import GnssError
from insar_widgets.widgets import _gnss_text as text
from insar_widgets.widgets import _map_facts as facts
from insar_widgets.widgets._folders import Folders
from insar_widgets.widgets._gnss_wire import series_payload
from insar_widgets.widgets._messages import Answer, Handler, Request

if TYPE_CHECKING:
    from insar_widgets.widgets.gnss_inspector import GnssInspector

__all__ = ["Answers"]


class Answers:
    """Handlers of an inspector's requests."""

    def __init__(self, owner: GnssInspector, folders: Folders, template_path: Path | None) -> None:
        self._owner, self._folders, self._template_path = owner, folders, template_path

    def handlers(self) -> dict[str, Handler]:
        """By the kind of request."""
        owner = self._owner
        return {
            "find": lambda request: owner.find(refresh=bool(request.payload.get("refresh"))),
            "compare": lambda _request: owner._update(gathering=True),
            "cancel": lambda _request: owner.cancel(),
            "state": lambda _request: owner._payload(),
            "series": self.series,
            "own": self.add_own,
            "csv": self.csv,
            "code": lambda _request: {"text": owner.code},
            "figure": self.figure,
            "reference": lambda request: owner.use_reference(request.payload["name"]),
            "template": self.template,
            "zoom": self.zoom,
        }

    def series(self, request: Request) -> Answer:
        """Both series of a station that was compared."""
        found = self._owner._compared
        name = request.payload["name"]
        if found is None or name not in found.comparison.names:
            return Answer(None)
        payload, buffer = series_payload(found.comparison.series(name), found.gathered.steps or [])
        return Answer(payload, [buffer])

    def csv(self, request: Request) -> dict[str, str]:
        """The table, or the series of one station."""
        owner = self._owner
        return {"text": text.text_of(owner._results(), owner._now(), request.payload["station"])}

    def figure(self, request: Request) -> Answer:
        """The figure of velocity with GNSS."""
        from insar_widgets.export.gnss import export_gnss_figure  # noqa: PLC0415 - slow to import

        kind = "svg" if request.payload["kind"] == "svg" else "png"
        found = self._owner._now()
        with TemporaryDirectory() as folder:
            target = Path(folder) / f"gnss.{kind}"
            written = export_gnss_figure(self._owner._results(), found.comparison, target)
            return Answer(None, [written.read_bytes()])

    def add_own(self, request: Request) -> dict[str, str]:
        """Add a station from a file."""
        asked = request.payload
        path = self._folders.resolve(asked["path"])
        return {"name": self._owner.add_file(path, lon=asked.get("lon"), lat=asked.get("lat")).name}

    def template(self, request: Request) -> dict[str, Any]:
        """Make the reference station that of the template, or tell what that would do."""
        owner = self._owner
        if not owner.reference:
            raise GnssError("Choose a reference station first.")
        station = owner._station(owner.reference)
        write = bool(request.payload["write"])
        return facts.write_reference(
            owner._results(), self._template_path, station.lon, station.lat, write=write
        )

    def zoom(self, request: Request) -> None:
        """Move the map to a station."""
        station = self._owner._station(request.payload["name"])
        shown = self._owner._map
        if shown is not None:
            shown.center = (station.lat, station.lon)
            shown.zoom = max(float(shown.zoom), 12.0)
