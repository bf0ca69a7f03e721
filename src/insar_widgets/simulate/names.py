"""Names and metadata files of the products, as the three HyP3 families write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from insar_widgets.simulate.options import FIRST_CYCLE, REPEAT_DAYS, Options
from insar_widgets.simulate.scene import Viewing

ORBITS_PER_CYCLE = 175
# Absolute orbit of Sentinel-1A on FIRST_CYCLE; relative orbit = (absolute - 73) % 175 + 1.
TRACKS = {
    "descending": {"orbit": 20166, "track": 144, "burst": 308005, "seconds": 13 * 3600 + 59 * 60 + 41},
    "ascending": {"orbit": 20159, "track": 137, "burst": 292332, "seconds": 1 * 3600 + 50 * 60 + 12},
}


@dataclass(frozen=True)
class Acquisition:
    """One pass of the satellite: first line's time in UTC, absolute orbit, granule names."""

    start: datetime
    orbit: int
    slc: str
    bursts: tuple[str, ...]

    @property
    def seconds_of_day(self) -> float:
        """UTC seconds since midnight of the first line."""
        midnight = datetime.combine(self.start.date(), time(), UTC)
        return (self.start - midnight).total_seconds()


@dataclass(frozen=True)
class ReferencePoint:
    """Where unwrapping started: pixel (row, column), map coordinates (m), degrees, phase (rad)."""

    row: int
    column: int
    x: float
    y: float
    lon: float
    lat: float
    phase: float


def make_acquisition(options: Options, day: date, second_offset: float) -> Acquisition:
    """Acquisition of the track on this date; the pass is early or late by the offset in seconds."""
    track = TRACKS[options.direction]
    midnight = datetime.combine(day, time(), UTC)
    start = midnight + timedelta(seconds=track["seconds"] + round(second_offset, 6))
    orbit = track["orbit"] + ORBITS_PER_CYCLE * ((day - FIRST_CYCLE).days // REPEAT_DAYS)
    stop = start + timedelta(seconds=27)
    tag = options.digest("granule", day)
    take = f"{int(orbit * 6.985):06X}"
    slc = f"S1A_IW_SLC__1SDV_{start:%Y%m%dT%H%M%S}_{stop:%Y%m%dT%H%M%S}_{orbit:06d}_{take}_{tag[:4]}"
    later = start + timedelta(seconds=2.758)
    burst = track["burst"]
    bursts = (
        f"S1_{burst:06d}_IW2_{start:%Y%m%dT%H%M%S}_VV_{tag[4:8]}-BURST",
        f"S1_{burst + 1:06d}_IW2_{later:%Y%m%dT%H%M%S}_VV_{tag[4:8]}-BURST",
    )
    return Acquisition(start, orbit, slc, bursts)


def product_name(options: Options, reference: Acquisition, secondary: Acquisition) -> str:
    """Name of the product of this pair; its last four digits depend on every argument."""
    first, second = reference.start, secondary.start
    identifier = options.digest("product", first.date(), second.date())[:4]
    track = TRACKS[options.direction]
    if options.family == "gamma":
        days = (second.date() - first.date()).days
        return f"S1AA_{first:%Y%m%dT%H%M%S}_{second:%Y%m%dT%H%M%S}_VVP{days:03d}_INT80_G_ueF_{identifier}"
    dates = f"{first:%Y%m%d}_{second:%Y%m%d}_VV_INT80_{identifier}"
    if options.family == "burst":
        return f"S1_{track['burst']:06d}_IW2_{dates}"
    return f"S1_{track['track']:03d}_000000s1n00-{track['burst']:06d}s2n02-000000s3n00_IW_{dates}"


def metadata_text(
    options: Options,
    viewing: Viewing,
    reference: Acquisition,
    secondary: Acquisition,
    *,
    bperp: float,
    point: ReferencePoint,
) -> str:
    """Content of the product's `.txt`: the keys, order and number formats of genuine ones."""
    if options.family == "gamma":
        lines = _gamma(options, viewing, reference, secondary, bperp=bperp, point=point)
    else:
        lines = _isce(options, viewing, reference, secondary, bperp)
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


def _gamma(
    options: Options,
    viewing: Viewing,
    reference: Acquisition,
    secondary: Acquisition,
    *,
    bperp: float,
    point: ReferencePoint,
) -> dict[str, str]:
    direction = options.direction.upper()
    near, far = 798_980.1369, 957_658.2525
    return {
        "Reference Granule": reference.slc,
        "Secondary Granule": secondary.slc,
        "Reference Pass Direction": direction,
        "Reference Orbit Number": str(reference.orbit),
        "Secondary Pass Direction": direction,
        "Secondary Orbit Number": str(secondary.orbit),
        "Baseline": f"{bperp:.4f}",
        "UTC time": f"{reference.seconds_of_day:.6f}",
        "Heading": f"{viewing.heading:.7f}",
        "Spacecraft height": f"{viewing.height:.4f}",
        "Earth radius at nadir": f"{viewing.earth_radius:.4f}",
        "Slant range near": f"{near:.4f}",
        "Slant range center": f"{(near + far) / 2:.4f}",
        "Slant range far": f"{far:.4f}",
        "Range looks": "20",
        "Azimuth looks": "4",
        "INSAR phase filter": "adf",
        "Phase filter parameter": "0.6",
        "Resolution of output (m)": "80",
        "Range bandpass filter": "no",
        "Azimuth bandpass filter": "no",
        "DEM source": "GLO-30",
        "DEM resolution (m)": "160",
        "Unwrapping type": "mcf",
        "Phase at reference point": f"{point.phase:.6g}",
        "Azimuth line of the reference point in SAR space": str(point.row),
        "Range pixel of the reference point in SAR space": str(point.column),
        "Y coordinate of the reference point in the map projection": f"{point.y:.4f}",
        "X coordinate of the reference point in the map projection": f"{point.x:.4f}",
        "Latitude of the reference point (WGS84)": f"{point.lat:.8f}",
        "Longitude of the reference point (WGS84)": f"{point.lon:.7f}",
        "Unwrapping threshold": "none",
        "Speckle filter": "no",
    }


def _isce(
    options: Options, viewing: Viewing, reference: Acquisition, secondary: Acquisition, bperp: float
) -> dict[str, str]:
    direction = options.direction.upper()
    multi = options.family == "multiburst"
    near, far = 846_099.1914484155, 905_242.1144168081
    lines = {
        "Reference Granule": ", ".join(reversed(reference.bursts)) if multi else reference.bursts[0],
        "Secondary Granule": ", ".join(reversed(secondary.bursts)) if multi else secondary.bursts[0],
        "Reference Pass Direction": direction,
        "Reference Orbit Number": str(reference.orbit),
        "Secondary Pass Direction": direction,
        "Secondary Orbit Number": str(secondary.orbit),
        "Baseline": repr(float(bperp)),
        "UTC time": f"{reference.seconds_of_day:.6f}",
        "Heading": repr(viewing.heading),
        "Spacecraft height": repr(viewing.height),
        "Earth radius at nadir": repr(viewing.earth_radius),
        "Slant range near": repr(near),
        "Slant range center": repr((near + far) / 2),
        "Slant range far": repr(far),
        "Range looks": "20",
        "Azimuth looks": "4",
        "INSAR phase filter": "yes",
        "Phase filter parameter": "0.5",
        "Range bandpass filter": "no",
        "Azimuth bandpass filter": "no",
        "DEM source": "GLO_30",
        "DEM resolution (m)": "30",
        "Unwrapping type": "snaphu_mcf",
        "Speckle filter": "yes",
        "Water mask": "no",
    }
    if multi:
        return lines
    interval, count = 0.008222225199999992, 376
    stop = reference.start + timedelta(seconds=interval * count)
    return lines | {
        "Radar n lines": str(count),
        "Radar n samples": "1269",
        "Radar first valid line": "7",
        "Radar n valid lines": "363",
        "Radar first valid sample": "23",
        "Radar n valid samples": "1218",
        "Multilook azimuth time interval": repr(interval),
        "Multilook range pixel size": "46.59124229430646",
        "Radar sensing stop": f"{stop:%Y-%m-%dT%H:%M:%S.%f}",
    }
