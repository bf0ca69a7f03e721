"""What `docs/screenshots.py` and `docs/screens.py` share, and the screens of the toolkit."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))  # the servers of the browser tests
