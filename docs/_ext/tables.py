"""Directives that write what the code knows: command line, steps, options, codes of findings, known failures."""

from __future__ import annotations

import argparse
import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

SOURCE = Path(__file__).resolve().parents[2] / "src" / "insar_widgets"
CODES = Path(__file__).resolve().parents[1] / "codes.toml"
_KEBAB = re.compile(r"[a-z]+(-[a-z0-9]+)+")


def finding_codes() -> set[str]:
    """Return every code that the source gives a finding, read from the source itself."""
    return {code for path in sorted(SOURCE.rglob("*.py")) for code in _codes_of(path)}


def _codes_of(path: Path) -> Iterator[str]:
    """Codes stand in calls and tuples of the modules that check, and in the second place of Finding elsewhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checks = path.parent.name == "hyp3" or path.name.startswith("_template_")
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1].lower() == "finding":
            values: list[ast.expr] = node.args[1:2]
        elif checks and isinstance(node, ast.Call):
            values = [*node.args, *(keyword.value for keyword in node.keywords)]
        elif checks and isinstance(node, ast.Tuple | ast.IfExp | ast.FunctionDef):
            values = _parts(node)
        else:
            continue
        for value in values:
            for leaf in _leaves(value):
                if _KEBAB.fullmatch(leaf.replace("*", "x")) and leaf != "utf-8":
                    yield leaf


def _parts(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Tuple):
        return node.elts
    if isinstance(node, ast.IfExp):
        return [node.body, node.orelse]
    return [default for default in node.args.defaults if default is not None]  # type: ignore[attr-defined]


def _leaves(value: ast.expr) -> Iterator[str]:
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from _leaves(value.body)
        yield from _leaves(value.orelse)
    elif isinstance(value, ast.JoinedStr):
        parts = (str(part.value) if isinstance(part, ast.Constant) else "x" for part in value.values)
        text = "".join(parts)
        if _KEBAB.fullmatch(text):
            yield text.replace("x", "*", 1) if not isinstance(value.values[0], ast.Constant) else text


def told_codes() -> dict[str, dict[str, dict[str, str]]]:
    """Return the entries of the troubleshooting page: group, code, and what is said of it."""
    return tomllib.loads(CODES.read_text(encoding="utf-8"))


class Codes(SphinxDirective):
    """Write the entries of one group of codes."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        """Write a definition list with an anchor for each code."""
        self.env.note_dependency(str(CODES))
        lines = []
        for code, said in told_codes()[self.arguments[0]].items():
            lines += [f"({code})=", f"`` {code} `` ({said['severity']})", f": {said['means']}", ""]
            lines += [f"  **What to do.** {said['remedy']}", ""]
        return self.parse_text_to_nodes("\n".join(lines))


class KnownFailures(SphinxDirective):
    """Write the failures of a step that a run explains by itself."""

    def run(self) -> list[nodes.Node]:
        """Write a table of reason and remedy."""
        from insar_widgets.runner import explain  # noqa: PLC0415

        rows = [(_general(one.reason), _general(one.remedy)) for one in explain._KNOWN if one.reason != "{1}"]
        low = "Set mintpy.reference.lalo to a stable place, or lower mintpy.reference.minCoherence."
        rows.insert(0, ("No pixel reaches the least average spatial coherence.", _literal(low)))
        return self.parse_text_to_nodes(_table(("What the run says", "What to do"), rows, widths="45 55"))


def _general(text: str) -> str:
    """Write for all cases what is filled in for one."""
    if text == "{message}":
        return "MintPy finds no pixel that is coherent enough, or none with a valid phase."
    return _literal(text.replace(" ({message})", "").replace("{1}", "*X*"))


def _literal(text: str) -> str:
    """Set options, files and commands apart from the words around them."""
    words = (
        r"mintpy\.[\w.]*\w(?:\.\*)?",
        r"~/\.\w+",
        r"\*_\w+\.tif",
        r"pip install [\w\"\[\]-]+",
        r"gdalwarp [^)]*",
    )
    return re.sub(f"({'|'.join(words)})", r"`` \1 ``", text)


class Steps(SphinxDirective):
    """Write the table of MintPy's steps."""

    def run(self) -> list[nodes.Node]:
        """Write what each step is for, reads and writes."""
        from insar_widgets import STEPS  # noqa: PLC0415

        rows = []
        for step in STEPS:
            made = ", ".join(f"`` {name} ``" for name in step.writes) or "nothing"
            rows.append((f"`` {step.name} ``", _escape(step.summary), made))
        return self.parse_text_to_nodes(
            _table(("Step", "What it does", "What it writes"), rows, widths="20 45 35")
        )


class Options(SphinxDirective):
    """Write all options of the installed MintPy, a table a group."""

    def run(self) -> list[nodes.Node]:
        """Write key, what it takes, what auto is, and MintPy's own help."""
        from insar_widgets import options  # noqa: PLC0415

        groups: dict[str, list[Any]] = {}
        for option in options():
            groups.setdefault(option.step, []).append(option)
        lines = []
        for step, members in groups.items():
            rows = []
            for option in members:
                words = () if option.kind == "choice" else (option.kind,)
                takes = ", ".join((*words, *option.choices))
                meaning = option.help + (f" [{option.unit}]" if option.unit else "")
                rows.append(
                    (
                        f"`` {option.key} ``",
                        _escape(takes),
                        _escape(option.auto) or "not set",
                        _escape(meaning),
                    )
                )
            lines += [f"```{{rubric}} {step}", "```", ""]
            lines += [
                _table(("Option", "Takes", "auto is", "Meaning (MintPy's)"), rows, widths="34 16 12 38"),
                "",
            ]
        return self.parse_text_to_nodes("\n".join(lines))


class _Wide(argparse.HelpFormatter):
    """Usage that fits the page, whatever the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=92)


class CommandLine(SphinxDirective):
    """Write the command line from its own parser."""

    def run(self) -> list[nodes.Node]:
        """Write each command with its arguments."""
        from insar_widgets.cli import _parser  # noqa: PLC0415

        parser = _parser()
        subparsers = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
        about = {choice.dest: choice.help for choice in subparsers._choices_actions}
        lines = []
        for name, command in subparsers.choices.items():
            command.formatter_class = _Wide
            usage = command.format_usage().removeprefix("usage: ").rstrip().replace("\n       ", "\n")
            said = command.description or about.get(name) or ""
            lines += [f"(cli-{name})=", f"```{{rubric}} insar-widgets {name}", "```", ""]
            lines += [_sentence(said), "", "```text", usage, "```", ""]
            rows = []
            for action in command._actions:
                if isinstance(action, argparse._HelpAction):
                    continue
                rows.append((f"`` {_invocation(action)} ``", _sentence(_meaning(action))))
            lines += [_table(("Argument", "Meaning"), rows, widths="38 62"), ""] if rows else []
        return self.parse_text_to_nodes("\n".join(lines))


def _sentence(text: str) -> str:
    if not text:
        return ""
    return _escape(text[:1].upper() + text[1:]) + ("" if text.endswith((".", ":")) else ".")


def _invocation(action: argparse.Action) -> str:
    value = action.metavar or (action.dest.upper() if action.nargs != 0 else "")
    if action.choices:
        value = "{" + ",".join(map(str, action.choices)) + "}"
    if isinstance(value, tuple):
        value = " ".join(value)
    return ", ".join(f"{flag} {value}".strip() for flag in action.option_strings) or str(value)


def _meaning(action: argparse.Action) -> str:
    text = action.help or ""
    default = action.default
    if default not in (None, False, argparse.SUPPRESS, []) and action.option_strings and action.nargs != 0:
        shown = " ".join(map(str, default)) if isinstance(default, tuple | list) else str(default)
        text += f"{'; ' if text else ''}default {shown}"
    return text + ("; required" if action.required and action.option_strings else "")


def _escape(text: str) -> str:
    return re.sub(r"([*_`<>\[\]|\\])", r"\\\1", text.replace("\n", " "))


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]], *, widths: str) -> str:
    lines = ["````{list-table}", ":header-rows: 1", f":widths: {widths}", ""]
    for row in (head, *rows):
        lines += [f"{'* -' if i == 0 else '  -'} {cell}" for i, cell in enumerate(row)]
    return "\n".join([*lines, "````"])


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the directives."""
    for name, directive in (
        ("finding-codes", Codes),
        ("known-failures", KnownFailures),
        ("mintpy-steps", Steps),
        ("mintpy-options", Options),
        ("command-line", CommandLine),
    ):
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
