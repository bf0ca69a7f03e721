"""The page of the report: HTML that needs nothing besides itself, in light, dark and on paper."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

_STYLE = """
:root { color-scheme: light dark; --bg: #fff; --ink: #212121; --ink2: #525252; --line: #e0e0e0; --sunken: #f6f6f6;
  --accent: #1565c0; --done: #2e7d32; --fail: #c02626; --stale: #8a5300; }
@media (prefers-color-scheme: dark) { :root { --bg: #212121; --ink: #e2e2e2; --ink2: #b8b8b8; --line: #3c3c3c;
  --sunken: #292929; --accent: #64b5f6; --done: #81c784; --fail: #f28b82; --stale: #ffb74d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1040px; padding: 28px 24px 64px; background: var(--bg); color: var(--ink);
  font: 14px/1.5 system-ui, -apple-system, "Segoe UI", "Liberation Sans", sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 24px; line-height: 1.25; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 36px 0 10px; padding-top: 10px; border-top: 1px solid var(--line); }
p, .about { color: var(--ink2); margin: 0 0 12px; max-width: 75ch; }
nav { display: flex; flex-wrap: wrap; gap: 4px 16px; margin: 14px 0 0; } a { color: var(--accent); }
.key { display: grid; grid-template-columns: repeat(auto-fit, minmax(200px, 1fr)); gap: 14px 24px; margin: 20px 0 0; }
.key b { display: block; font-size: 19px; font-weight: 600; font-variant-numeric: tabular-nums; }
.key span { color: var(--ink2); font-size: 12px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 13px; }
th, td { text-align: left; vertical-align: top; padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } thead th { color: var(--ink2); font-size: 12px; } td.num, th.num { text-align: right; }
figure { margin: 14px 0 18px; break-inside: avoid; }
figure img { display: block; width: 100%; height: auto; background: #fff; }
figcaption { color: var(--ink2); font-size: 12px; margin-top: 5px; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(360px, 1fr)); gap: 18px; align-items: start; }
pre { background: var(--sunken); padding: 12px 14px; overflow-x: auto;
  font: 12px/1.5 ui-monospace, "Liberation Mono", monospace; }
code { font: 12px/1.5 ui-monospace, "Liberation Mono", monospace; }
.completed { color: var(--done); } .failed, .cancelled, .interrupted { color: var(--fail); }
.stale { color: var(--stale); }
.off, .pending { color: var(--ink2); }
footer { margin-top: 40px; color: var(--ink2); font-size: 12px; }
@media (max-width: 480px) { body { padding: 16px 14px 40px; } .pair { grid-template-columns: 1fr; } }
@media print { :root { color-scheme: light; --bg: #fff; --ink: #000; --ink2: #444; --line: #ccc; --sunken: #f6f6f6; }
  body { max-width: none; padding: 0; font-size: 11px; } nav { display: none; } h2 { break-after: avoid; }
  pre { white-space: pre-wrap; } tr { break-inside: avoid; } @page { margin: 16mm; } }
"""
_MARKS = {"completed": "✓", "failed": "✗", "cancelled": "■", "interrupted": "↯", "stale": "↻", "off": "–",
          "pending": "○", "running": "…"}  # fmt: skip


def page(
    title: str, subtitle: str, key: Iterable[tuple[str, str]], sections: Sequence[tuple[str, str]], foot: str
) -> str:
    """A whole page; sections are pairs of heading (text) and content (HTML)."""
    links = "".join(f'<a href="#s{i}">{escape(name)}</a>' for i, (name, _) in enumerate(sections))
    figures = "".join(f"<div><b>{escape(value)}</b><span>{escape(name)}</span></div>" for name, value in key)
    body = "".join(
        f'<section id="s{i}"><h2>{escape(name)}</h2>{content}</section>'
        for i, (name, content) in enumerate(sections)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><header><h1>{escape(title)}</h1>"
        f'<p>{escape(subtitle)}</p><div class="key">{figures}</div><nav aria-label="Sections">{links}</nav></header>'
        f"<main>{body}</main><footer>{escape(foot)}</footer></body></html>\n"
    )


def text(words: str) -> str:
    """A paragraph."""
    return f"<p>{escape(words)}</p>"


def picture(content: bytes, alt: str, caption: str = "") -> str:
    """A picture within the page."""
    words = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    data = base64.b64encode(content).decode()
    return f'<figure><img src="data:image/png;base64,{data}" alt="{escape(alt, quote=True)}">{words}</figure>'


def pair(*parts: str) -> str:
    """Pictures beside each other where there is room."""
    return f'<div class="pair">{"".join(part for part in parts if part)}</div>'


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: frozenset[int] = frozenset()
) -> str:
    """A table of text; `numbers` are the columns set to the right."""

    def cell(i: int, value: str, tag: str) -> str:
        kind = ' class="num"' if i in numbers else ""
        return f"<{tag}{kind}>{escape(value)}</{tag}>"

    top = "".join(cell(i, value, "th") for i, value in enumerate(head))
    body = "".join(
        "<tr>" + "".join(cell(i, value, "td") for i, value in enumerate(row)) + "</tr>" for row in rows
    )
    start = f"<thead><tr>{top}</tr></thead>" if head else ""
    return f'<div class="scroll"><table>{start}<tbody>{body}</tbody></table></div>'


def facts(rows: Iterable[tuple[str, str]]) -> str:
    """Names and values."""
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in rows
    )
    return f'<div class="scroll"><table><tbody>{body}</tbody></table></div>'


def states(rows: Iterable[tuple[str, str, str, str]]) -> str:
    """Steps: name, state, time, what."""
    body = "".join(
        f'<tr><td><code>{escape(name)}</code></td><td class="{escape(state, quote=True)}">'
        f'{_MARKS.get(state, "")} {escape(state)}</td><td class="num">{escape(time)}</td><td>{escape(what)}</td></tr>'
        for name, state, time, what in rows
    )
    head = '<thead><tr><th>Step</th><th>State</th><th class="num">Time</th><th>Made, or why not</th></tr></thead>'
    return f'<div class="scroll"><table>{head}<tbody>{body}</tbody></table></div>'


def code(words: str) -> str:
    """Lines of code."""
    return f"<pre>{escape(words)}</pre>"
