"""Parallel work inside a run: as many processes as asked for, and a word about how far they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from insar_widgets.errors import RunError
from insar_widgets.resources import cores, memory_limit

__all__ = ["local_notes", "use_workers"]


def local_notes(effective: Mapping[str, Any], wise: int) -> list[str]:
    """Look at the number of local workers a template asks for, before MintPy does.

    Parameters
    ----------
    effective
        Values the options really have; ``mintpy.compute.cluster`` is local.
    wise
        The number that suits this process.

    Returns
    -------
    list of str
        What is unwise about it, or what MintPy will do instead.

    Raises
    ------
    RunError
        If MintPy would stop at it.
    """
    written = str(effective.get("mintpy.compute.numWorker") or "")
    machine, usable = os.cpu_count() or 1, cores()
    if written == "all":
        workers = machine
    elif written.endswith("%") and written[:-1].replace(".", "", 1).isdigit():
        workers = int(machine * float(written[:-1]) / 100)
        if not 1 <= workers < machine:
            raise RunError(
                f"mintpy.compute.numWorker = {written} of this machine's {machine} cores is {workers} workers, which "
                f"stops MintPy. Write a number, such as {max(wise, 1)}, or mintpy.compute.cluster = none."
            )
    elif written.isdigit() and int(written) > 0:
        workers = int(written)
        if workers > machine:
            half = max(machine // 2, 1)
            return [
                f"mintpy.compute.numWorker = {written}, but this machine has {machine} cores; MintPy takes {half}."
            ]
    else:
        raise RunError(
            f"mintpy.compute.numWorker = {written!r} is no number, no share such as 80% and not all."
        )
    if workers > max(wise, 1):
        return [
            f"mintpy.compute.numWorker = {written} is {workers} workers on {usable} cores; the scheduler and the "
            f"notebook need some too, and workers that starve are what makes runs fail. Wiser is {max(wise, 1)}."
        ]
    return []


def use_workers(parts: Callable[[int, int, int], None]) -> None:
    """Make MintPy's local cluster use one process a worker, and tell of every part that is done.

    MintPy asks dask for a cluster as dask likes it (on a large machine processes with many threads each, which get
    in each other's way in pure Python), then for a number of workers.

    Parameters
    ----------
    parts
        Called with the number of parts that are done, of all parts, and the workers there are.
    """
    from mintpy.objects.cluster import DaskCluster  # noqa: PLC0415 - only in a run's own process

    open_other, submit = DaskCluster.open, DaskCluster.submit_job

    def open_(self: Any) -> None:
        if self.cluster_type != "local":
            open_other(self)
            return
        from dask.distributed import LocalCluster  # noqa: PLC0415

        print(f"initiate Dask cluster of {self.num_worker} processes")  # noqa: T201 - the log
        self.cluster = LocalCluster(  # type: ignore[no-untyped-call]
            n_workers=self.num_worker,
            threads_per_worker=1,
            memory_limit=memory_limit() // max(1, self.num_worker),
            dashboard_address=None,
        )

    def submit_job(self: Any, *args: Any) -> Any:
        if self.cluster_type == "local":
            self.client.wait_for_workers(self.num_worker)
        futures, began = submit(self, *args)
        done = [0]

        def count(_: Any) -> None:
            done[0] += 1
            parts(done[0], len(futures), len(self.cluster.scheduler_info.get("workers", ())))

        parts(0, len(futures), len(self.cluster.scheduler_info.get("workers", ())))
        for future in futures:
            future.add_done_callback(count)
        return futures, began

    DaskCluster.open = open_
    DaskCluster.submit_job = submit_job
