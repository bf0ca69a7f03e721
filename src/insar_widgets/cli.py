"""The ``insar-widgets`` command.

Exit status: 0 done, 1 a run failed or a product is missing, 2 bad input or usage, 3 (``status``) not complete
yet, 130 cancelled.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from insar_widgets import __version__
from insar_widgets._cli_export import add_export
from insar_widgets._cli_paths import a_folder, a_path, a_place, a_port
from insar_widgets.errors import InsarWidgetsError

if TYPE_CHECKING:
    from insar_widgets.hyp3 import Stack
    from insar_widgets.runner import Estimate, Run

__all__ = ["main"]

_MARK = {
    "completed": ("✓", "green"),
    "running": ("…", "blue"),
    "failed": ("✗", "red"),
    "cancelled": ("■", "red"),
    "interrupted": ("↯", "red"),
    "stale": ("↻", "yellow"),
    "off": ("–", "dim"),
    "pending": ("○", "dim"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    console = Console(highlight=False)
    try:
        arguments = _parser().parse_args(argv)
        return int(arguments.function(arguments, console))
    except InsarWidgetsError as error:
        return _refuse(str(error))
    except BrokenPipeError:  # whoever read it, as `head` does, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        where = "" if error.filename is None else f"{error.filename}: "
        return _refuse(
            f"{where}{error.strerror or error}. Check the path, the right to it, and the room on the disk."
        )
    except KeyboardInterrupt:
        return 130


def _refuse(message: str) -> int:
    Console(stderr=True, highlight=False).print(f"[red]Error:[/] {escape(message)}", soft_wrap=True)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "insar-widgets", description="InSAR time series with MintPy and HyP3 products."
    )
    parser.add_argument("--version", action="version", version=f"insar-widgets {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    simulate = commands.add_parser("simulate", help="write simulated HyP3 products with known truth")
    simulate.add_argument(
        "folder", type=a_place, metavar="FOLDER", help="folder for the products; made if missing"
    )
    simulate.add_argument(
        "--shape", type=int, nargs=2, default=(200, 260), metavar=("ROWS", "COLUMNS"), help="pixels of 80 m"
    )
    simulate.add_argument("--dates", type=int, default=24, help="number of acquisitions")
    simulate.add_argument("--connections", type=int, default=3, help="later dates each date is paired with")
    simulate.add_argument(
        "--family", choices=("gamma", "burst", "multiburst"), default="gamma", help="kind of HyP3 product"
    )
    simulate.add_argument("--seed", type=int, default=0, help="everything random follows from it; default 0")
    simulate.add_argument("--reuse", action="store_true", help="keep a simulation that is already there")
    simulate.set_defaults(function=_simulate)

    run = commands.add_parser("run", help="prepare HyP3 products on one grid and run MintPy on them")
    run.add_argument(
        "products", type=a_path, metavar="PRODUCTS", help="folder with products, unpacked or as .zip"
    )
    run.add_argument("--work-dir", type=a_place, required=True, metavar="DIR", help="folder MintPy works in")
    run.add_argument("--template", type=a_path, help="MintPy template whose options come on top")
    run.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="one option; may be repeated"
    )
    run.add_argument("--from", dest="from_", metavar="STEP", help="first step")
    run.add_argument("--to", metavar="STEP", help="last step")
    run.add_argument(
        "--leave-out-broken", action="store_true", help="go on without products that cannot be read"
    )
    run.add_argument(
        "--cluster",
        metavar="KIND,KEY=VALUE,...",
        help="batch system: slurm, pbs or lsf, with queue, account, cores, memory, walltime of a job, workers, "
        "interface; for instance slurm,queue=short,cores=4,memory=8GB,walltime=02:00:00,workers=8",
    )
    run.add_argument(
        "--engine",
        choices=("fast", "mintpy"),
        help="what solves the slow steps: compiled code that proves itself against MintPy's estimators on a sample of "
        "pixels, or MintPy alone; the one of the last run in DIR if left out, at first fast",
    )
    run.add_argument("--verify", action="store_true", help="fail if a product is missing at the end")
    run.set_defaults(function=_run)

    status = commands.add_parser("status", help="say how far the run in a work directory is")
    status.add_argument("work_dir", type=a_folder, metavar="DIR", help="MintPy work directory")
    status.add_argument("--json", action="store_true", help="as JSON, for scripts")
    status.set_defaults(function=_status)

    cancel = commands.add_parser("cancel", help="end the run in a work directory; finished steps are kept")
    cancel.add_argument("work_dir", type=a_folder, metavar="DIR", help="MintPy work directory")
    cancel.set_defaults(function=_cancel)

    log = commands.add_parser("log", help="show what MintPy printed in the last pass of a step")
    log.add_argument("work_dir", type=a_folder, metavar="DIR", help="MintPy work directory")
    log.add_argument("step", metavar="STEP", nargs="?", help="the last one that was started, if left out")
    log.add_argument("-f", "--follow", action="store_true", help="go on until the step ends")
    log.set_defaults(function=_log)

    add_export(commands)

    app = commands.add_parser("app", help="open the workbench in a browser, served by Voilà")
    app.add_argument(
        "path", type=a_path, nargs="?", metavar="PATH", help="work directory, or folder of products"
    )
    app.add_argument("--port", type=a_port, default=8866, help="8866 by default")
    app.add_argument("--root", type=a_path, metavar="DIR", help="folder that the page cannot leave")
    app.add_argument("--read-only", action="store_true", help="look only: nothing is run or written")
    app.add_argument("--theme", choices=("light", "dark"), default="light")
    app.add_argument("--no-browser", action="store_true", help="serve only")
    app.set_defaults(function=_app)

    doctor = commands.add_parser("doctor", help="check this machine: each line is ok or says what to do")
    doctor.add_argument("--offline", action="store_true", help="do not ask any service")
    doctor.set_defaults(function=_doctor)
    return parser


def _simulate(arguments: argparse.Namespace, console: Console) -> int:
    from insar_widgets import find_stack, simulate_stack  # noqa: PLC0415 - each command loads only its own

    folder: Path = arguments.folder
    if arguments.reuse and (folder / "truth.nc").is_file():
        console.print(f"{folder} holds a simulation already: {_about(find_stack(folder))}")
        return 0
    with _bar(console) as progress:
        task = progress.add_task("Simulating", total=1.0)
        stack = simulate_stack(
            folder,
            shape=tuple(arguments.shape),
            dates=arguments.dates,
            connections=arguments.connections,
            family=arguments.family,
            seed=arguments.seed,
            on_progress=lambda fraction, label: progress.update(task, completed=fraction, description=label),
        )
    console.print(f"Simulated {_about(stack)} in {folder}; what was put in is in {folder / 'truth.nc'}")
    return 0


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from insar_widgets import Run, Template, find_stack  # noqa: PLC0415
    from insar_widgets.runner import Cluster  # noqa: PLC0415

    cluster = Cluster.parse(arguments.cluster) if arguments.cluster else None
    work_dir: Path = arguments.work_dir.expanduser().resolve()
    options = dict(_option(text) for text in arguments.set)
    if arguments.template:
        options = {**Template.read(arguments.template), **options}
    if cluster is not None:
        options |= cluster.options
    stack = find_stack(arguments.products)
    console.print(f"Found {_about(stack)}")
    if stack.left_out and not arguments.leave_out_broken:
        _say_findings(console, stack.left_out)
        if any(finding.severity == "error" for finding in stack.left_out):
            console.print("Mend or remove them, or go on without them: --leave-out-broken")
            return 2
    with _bar(console) as progress:
        task = progress.add_task("Preparing", total=1.0)
        prepared = stack.prepare(
            work_dir / "prepared",
            strict=not arguments.leave_out_broken,
            on_progress=lambda fraction, label: progress.update(task, completed=fraction, description=label),
        )
    findings = list(dict.fromkeys([*prepared.left_out, *prepared.check()]))
    _say_findings(console, findings)
    if any(finding.severity == "error" for finding in findings):
        console.print("MintPy would fail on this stack, or succeed wrongly; nothing was run.")
        return 2
    template = Template.for_stack(prepared, options, name=work_dir.name)
    findings = template.validate(prepared)
    _say_findings(console, findings)
    if any(finding.severity == "error" for finding in findings):
        console.print("MintPy would fail with these options, or ignore them; nothing was run.")
        return 2
    run = Run(work_dir, template, engine=arguments.engine)
    run.start(from_=arguments.from_, to=arguments.to, cluster=cluster)
    outcome = _follow(run, console)
    if outcome != "completed":
        reason, remedy = run.failure or (f"The run was {outcome}.", "")
        console.print(f"[red]{escape(reason)}[/] {escape(remedy)}", soft_wrap=True)
        console.print(f"Logs are in {run.work_dir / '.insar_widgets' / 'logs'}")
        return {"cancelled": 130}.get(outcome, 1)
    return _summarise(run, arguments, console)


def _option(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key.strip():
        raise InsarWidgetsError(f"--set takes KEY=VALUE, for instance mintpy.deramp=linear, not {text!r}.")
    return key.strip(), value.strip()


def _follow(run: Run, console: Console) -> str:
    """Show what happens until the run ends; Ctrl-C cancels it."""
    with _bar(console) as progress:
        task = progress.add_task("Starting MintPy", total=1.0)

        def show(event: dict[str, Any]) -> None:
            kind, step = event["event"], event.get("step", "")
            if kind == "step-start":
                progress.reset(task, total=1.0, description=step)
                if not console.is_terminal:
                    console.print(f"… {step}: {event['why']}")
            elif kind == "progress":
                progress.update(task, completed=event["fraction"])
            elif kind == "warning" and "No data files found for the required dataset" not in event["message"]:
                console.print(f"[yellow]! {escape(step)}:[/] {escape(event['message'])}", soft_wrap=True)
            elif kind == "reference":
                place = f"row {event['y']}, column {event['x']}"
                if "lat" in event:
                    place += f" ({event['lat']:.5f}, {event['lon']:.5f})"
                console.print(f"  reference point: {place}: {event.get('why', 'as the template says')}")
            elif kind == "step-end":
                mark, colour = _MARK[event["outcome"]]
                console.print(f"[{colour}]{mark}[/] {step} [dim]{event.get('seconds', 0):.1f} s[/]")

        try:
            return run.wait(on_event=show)
        except KeyboardInterrupt:
            console.print("Cancelling; finished steps are kept.")
            return run.cancel()


def _summarise(run: Run, arguments: argparse.Namespace, console: Console) -> int:
    from insar_widgets import open_results  # noqa: PLC0415

    status = 0
    missing = [s.name for s in run.status() if s.state not in ("completed", "off")]
    results = open_results(run.work_dir)
    table = Table(title="Result", show_header=False)
    for name, text in results.summary().table():
        table.add_row(name, text)
    events = run.events()
    for event in events:
        if event["event"] == "proof" and event["run"] == events[-1]["run"]:
            table.add_row(f"Engine, {event['step']}", f"fast: {event['message']}")
    console.print(table)
    truth = arguments.products / "truth.nc"
    if truth.is_file() and "velocity" in results.layers:
        from insar_widgets.simulate import compare_with_truth  # noqa: PLC0415

        console.print(str(compare_with_truth(results, truth)))
    if arguments.verify and not (arguments.from_ or arguments.to):
        if missing:
            console.print(f"[red]Not complete:[/] {', '.join(missing)}")
            status = 1
        else:
            made = sum(len(s.outputs) for s in run.status())
            console.print(f"All products are there: {made} files.")
    console.print(f"Everything lies in {run.work_dir}")
    console.print(f"Look at it: insar-widgets app {run.work_dir}")
    return status


def _status(arguments: argparse.Namespace, console: Console) -> int:
    from insar_widgets import Run  # noqa: PLC0415

    run = Run.attach(arguments.work_dir)
    steps = run.status()
    estimate = run.estimate()
    running = run.is_running
    uses = run.resources if running else None
    if arguments.json:
        content = {
            "outcome": run.outcome,
            "running": running,
            "steps": {s.name: s.state for s in steps},
            "seconds_left": estimate.seconds_left if running else None,
            "resources": uses,
        }
        console.print_json(json.dumps(content))
    else:
        table = Table("", "Step", "State", "Time", "What")
        for step in steps:
            mark, colour = _MARK[step.state]
            seconds = "" if step.seconds is None else f"{step.seconds:.1f} s"
            if step.seconds_left is not None and step.state != "completed":
                seconds = f"{'≈ ' if not seconds else seconds + ', ≈ '}{_duration(step.seconds_left)}"
            what = step.reason or ", ".join(step.outputs)
            if step.fraction is not None:
                what = f"{step.fraction:.0%} {step.label}".strip()
            table.add_row(f"[{colour}]{mark}[/]", step.name, step.state, seconds, escape(what))
        console.print(table)
        if running:
            _say_progress(console, estimate, uses)
    states = {s.state for s in steps}
    if states & {"failed", "cancelled", "interrupted"}:
        return 1
    return 0 if states <= {"completed", "off"} else 3


def _say_progress(console: Console, estimate: Estimate, uses: dict[str, Any] | None) -> None:
    """Time left, and what the run uses."""
    if estimate.seconds_left is not None:
        but = f", without {', '.join(estimate.unknown)}" if estimate.unknown else ""
        basis = estimate.steps[0].basis if estimate.steps else ""
        console.print(f"About {_duration(estimate.seconds_left)} left{but} (by {basis})")
    if uses:
        needed = uses["disk_needed_bytes"]
        disk = f"{uses['disk_free_bytes'] / 1e9:.1f} GB free"
        disk += f", {needed / 1e9:.1f} GB still needed" if needed is not None else ""
        console.print(
            f"Memory {uses['memory_bytes'] / 1e9:.1f} of {uses['memory_limit_bytes'] / 1e9:.1f} GB, "
            f"{uses['cpu']:.1f} of {uses['cores']} cores, disk {disk}"
        )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _cancel(arguments: argparse.Namespace, console: Console) -> int:
    from insar_widgets import Run  # noqa: PLC0415

    run = Run.attach(arguments.work_dir)
    if not run.is_running:
        run.cancel()
        console.print(
            f"No run is under way in {run.work_dir}; the last one was {run.outcome}.", soft_wrap=True
        )
        return 0
    outcome = run.cancel()
    console.print(f"The run was {outcome}; finished steps are kept.")
    return 0


def _log(arguments: argparse.Namespace, console: Console) -> int:
    from insar_widgets import Run  # noqa: PLC0415

    run = Run.attach(arguments.work_dir)
    started = [event["step"] for event in run.events() if event["event"] == "step-start"]
    step = arguments.step or (started[-1] if started else "")
    if step not in started:
        there = (
            f"There are: {', '.join(dict.fromkeys(started))}." if started else "Nothing was run there yet."
        )
        raise InsarWidgetsError(f"There is no log of {step or 'any step'} in {run.work_dir}. {there}")
    shown = 0

    def show() -> None:
        nonlocal shown
        text = run.log(step)
        whole = text if not arguments.follow else text[: text.rfind("\n") + 1]
        console.out(whole[shown:], end="")
        shown = max(shown, len(whole))

    show()
    if arguments.follow:
        try:
            while (status := next(s for s in run.status() if s.name == step)).state == "running":
                time.sleep(0.5)
                show()
        except KeyboardInterrupt:
            return 130
        console.out(run.log(step)[shown:])
        return 1 if status.state in ("failed", "cancelled", "interrupted") else 0
    return 0


def _app(arguments: argparse.Namespace, _console: Console) -> int:
    from insar_widgets.app import command_and_environment  # noqa: PLC0415

    command, environment = command_and_environment(
        arguments.path,
        port=arguments.port,
        root=arguments.root,
        read_only=arguments.read_only,
        theme=arguments.theme,
        browser=not arguments.no_browser,
    )
    os.execve(command[0], command, environment)  # noqa: S606 - nothing is left to do in this process


def _doctor(arguments: argparse.Namespace, console: Console) -> int:
    from insar_widgets.doctor import examine  # noqa: PLC0415

    bad = 0
    for check in examine(ask_services=not arguments.offline):
        mark, colour = {"ok": ("✓", "green"), "note": ("i", "blue")}.get(check.verdict, ("✗", "red"))
        bad += check.verdict == "bad"
        remedy = f" {check.remedy}" if check.remedy else ""
        console.print(
            f"[{colour}]{mark}[/] {check.name}: {escape(check.found)}{escape(remedy)}", soft_wrap=True
        )
    return 1 if bad else 0


def _about(stack: Stack) -> str:
    dates = stack.dates
    return f"{len(stack.products)} products, {len(dates)} dates from {dates[0]} to {dates[-1]}"


def _say_findings(console: Console, findings: Sequence[Any]) -> None:
    for finding in findings:
        if finding.severity == "info":
            continue
        colour = {"error": "red", "warning": "yellow"}[finding.severity]
        console.print(
            f"[{colour}]{finding.severity.capitalize()}:[/] {escape(finding.message)} {escape(finding.remedy)}",
            soft_wrap=True,
        )


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


if __name__ == "__main__":
    sys.exit(main())
