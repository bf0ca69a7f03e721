"""Write src/insar_widgets/widgets/colormaps.json: ``uv run --with cmcrameri --with matplotlib js/make_colormaps.py``.

The one table of colours that Python and the browser read: 256 sRGB triplets a map, base64 of the bytes. Vik to oleron
are Fabio Crameri's Scientific Colour Maps 8 (MIT, doi:10.5281/zenodo.1243862), `batlowS` among them for classes; RdBu,
viridis and the like are matplotlib's (PSF-based; viridis family CC0; RdBu from ColorBrewer, Apache-2.0); `cmy` is the
cyclic map of isce's mdx that MintPy uses for phase, made here from its description.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
from cmcrameri import cm
from matplotlib import colormaps

OUT = Path(__file__).parent.parent / "src" / "insar_widgets" / "widgets" / "colormaps.json"
CRAMERI = {
    "diverging": ["vik", "roma", "broc", "cork", "bam", "berlin", "lisbon", "managua"],
    "cyclic": ["romaO", "vikO", "brocO", "corkO", "bamO"],
    "sequential": [
        *["batlow", "batlowW", "batlowK", "lajolla", "hawaii", "lapaz", "davos", "oslo", "acton", "bilbao"],
        *["imola", "tokyo", "turku", "grayC", "oleron"],
    ],
}
MATPLOTLIB = {
    "diverging": ["RdBu"],
    "cyclic": ["twilight", "hsv"],
    "sequential": ["viridis", "cividis", "magma", "jet", "turbo", "gray", "terrain"],
}


def cmy() -> np.ndarray:
    """Cyan, magenta, yellow and back, straight lines between; green-free centre as MintPy rolls it."""
    ramp = np.arange(85, dtype=np.uint8) * 3
    full = np.full(85, 255, dtype=np.uint8)
    thirds = [(ramp, 255 - ramp, full), (full, ramp, 255 - ramp), (255 - ramp, full, ramp)]
    circle = np.concatenate([np.stack(third, axis=1) for third in thirds] + [[[0, 255, 255]]])
    return np.roll(circle, 128 - 214, axis=0)[::-1].astype(np.uint8)


def table(colormap: object) -> np.ndarray:
    """256 triplets of a matplotlib colormap."""
    return np.rint(np.asarray(colormap(np.linspace(0, 1, 256)))[:, :3] * 255).astype(np.uint8)  # type: ignore[operator]


def main() -> None:
    """Write the file."""
    maps = {"cmy": {"kind": "cyclic", "rgb": cmy()}}
    for kind, names in CRAMERI.items():
        maps |= {name: {"kind": kind, "rgb": table(getattr(cm, name))} for name in names}
    for kind, names in MATPLOTLIB.items():
        maps |= {name: {"kind": kind, "rgb": table(colormaps[name])} for name in names}
    classes = np.rint(np.asarray(cm.batlowS(np.arange(100)))[:, :3] * 255).astype(np.uint8)
    maps["batlowS"] = {"kind": "classes", "rgb": np.tile(classes, (3, 1))[:256]}
    lines = [
        f"{json.dumps(name)}: "
        + json.dumps({"kind": m["kind"], "rgb": base64.b64encode(m["rgb"].tobytes()).decode()})
        for name, m in maps.items()
    ]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
