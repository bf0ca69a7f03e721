"""What is said about a template, and what MintPy makes of it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from insar_widgets.findings import Finding
from insar_widgets.hyp3 import Stack
from insar_widgets.runner.template import Template


def found(template: Template, stack: Stack | None = None, work_dir: Path | None = None) -> dict[str, Finding]:
    """Findings by code, only those about what the template says beyond its input files."""
    findings = template.validate(stack, work_dir)
    assert [finding.severity for finding in findings] == sorted(
        (finding.severity for finding in findings), key=["error", "warning", "info"].index
    )
    return {finding.code: finding for finding in findings}


def mintpy(code: str, *arguments: str) -> str:
    """What a piece of Python with MintPy prints as its last line."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]
