"""The errors that insar_widgets raises on purpose; each message ends with what to do."""

from __future__ import annotations

__all__ = [
    "CancelledError",
    "CredentialsError",
    "ExportError",
    "GnssError",
    "InsarWidgetsError",
    "MissingDependencyError",
    "ProductError",
    "ResultsError",
    "RunError",
    "SimulationError",
    "TemplateError",
    "TileError",
]


class InsarWidgetsError(Exception):
    """Root of every error the package raises on purpose."""


class CancelledError(InsarWidgetsError):
    """The user cancelled the work; what was finished stays and is used by the next call."""


class ProductError(InsarWidgetsError):
    """A HyP3 product, or a stack of them, cannot be used as it is."""


class TemplateError(InsarWidgetsError):
    """A MintPy template cannot be read or holds something MintPy cannot use."""


class RunError(InsarWidgetsError):
    """A run cannot be started, or ended without its products."""


class ResultsError(InsarWidgetsError):
    """A MintPy work directory cannot be read."""


class MissingDependencyError(InsarWidgetsError):
    """An optional package that this call needs is not installed."""


class SimulationError(InsarWidgetsError):
    """A stack with these arguments cannot be simulated, or not into this folder."""


class ExportError(InsarWidgetsError):
    """A file cannot be exported, or not to this place."""


class GnssError(InsarWidgetsError):
    """GNSS stations or their series cannot be had, read or compared."""


class CredentialsError(InsarWidgetsError):
    """Credentials cannot be stored as they are; the message never holds them."""


class TileError(InsarWidgetsError):
    """An array cannot be drawn on a map, or no such tile exists."""
