"""All benchmarks, one after the other: ``python -m benchmarks [NAME ...]``."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path


def main(wanted: list[str]) -> None:
    """Run every ``bench_*.py`` beside this file, or only those whose name contains one of the words."""
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        if not wanted or any(word in path.stem for word in wanted):
            print(f"== {path.stem.removeprefix('bench_')}", flush=True)
            import_module(f"benchmarks.{path.stem}").main()


if __name__ == "__main__":
    main(sys.argv[1:])
