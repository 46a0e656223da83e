# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as a page: one file that loads nothing, for the screen, for paper, and for eyes that see no colours (pure)."""

from __future__ import annotations

import collections.abc as c
import html
import json
import typing as t

LONGEST = 600
# Words and signs say it; the colour only repeats them.
SIGNS = {"add": "+ add", "change": "~ change", "remove": "\N{MINUS SIGN} remove", "run": "\N{WHITE RIGHT-POINTING TRIANGLE} run"}
TITLES = {
    "preflight": "Preflight",
    "stack": "Stack",
    "twin": "Twin",
    "dashboards": "Dashboards",
    "edge_gateway": "Gateways",
    "verify": "Readings",
}
COLUMNS = ("What", "Item", "Field", "Is", "Should be", "Changed last", "Belongs to")
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #111; background: #fff; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: 0.2rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.verdict { font-weight: 600; border: 2px solid #111; padding: 0.5rem 0.8rem; display: inline-block; }
table { border-collapse: collapse; width: 100%; } th, td { border: 1px solid #999; padding: 0.3rem 0.5rem; text-align: left; vertical-align: top; }
th { background: #eee; } td.what { white-space: nowrap; font-weight: 600; }
tr.add td.what { color: #00508a; } tr.remove td.what { color: #8a3a00; } td.value { font-family: ui-monospace, monospace; font-size: 0.85em; }
td.value { white-space: pre-wrap; overflow-wrap: anywhere; max-width: 22rem; } .note { color: #444; }
@media print { body { margin: 0; max-width: none; font-size: 10px; } tr { break-inside: avoid; } thead { display: table-header-group; } }
"""

Report = c.Mapping[str, t.Any]


def page(report: Report) -> str:
    """The report as an HTML document."""
    title = f"{report['site']}: what differs"
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title><style>{STYLE}</style></head><body>',
        f"<h1>{_text(title)}</h1>",
        f'<p class="note">Checked {_text(report["checked"])}; nothing was changed. Hosts: {_text(", ".join(report["hosts"]) or "none")}.</p>',
        f'<p class="verdict">{_text(verdict(report))}</p>',
        *_failures(report),
        *(part for layer in _layers(report) for part in _layer(layer, report)),
        *_unchecked(report),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def verdict(report: Report) -> str:
    """One sentence for everything."""
    count = len(report["differences"])
    if not report["complete"]:
        return f"The check did not come to its end; {count} difference{'s' * (count != 1)} until then."
    return f"{count} difference{'s' * (count != 1)}." if count else "Everything is as the inventory says."


def _layers(report: Report) -> list[str]:
    return list(dict.fromkeys([*report["layers"], *(one["layer"] for one in report["differences"])]))


def _layer(layer: str, report: Report) -> c.Iterator[str]:
    found = [one for one in report["differences"] if one["layer"] == layer]
    yield f"<h2>{_text(TITLES.get(layer, layer or 'Other'))}</h2>"
    if not found:
        yield f'<p>As it should be <span class="note">({report["layers"].get(layer, 0)} tasks)</span>.</p>'
        return
    yield "<table><thead><tr>" + "".join(f'<th scope="col">{name}</th>' for name in COLUMNS) + "</tr></thead><tbody>"
    for one in found:
        since = one["since"] or "not known"
        by = f" by {one['changed_by']}" if one["changed_by"] else ""
        item = one["item"] + (f" ({one['reason']})" if one["reason"] and not one["field"] else "")
        cells = [
            ("what", SIGNS.get(one["action"], one["action"])),
            ("", item),
            ("", one["field"] or ""),
            ("value", shown(one["is"])),
            ("value", shown(one["should_be"])),
            ("", since + by),
            ("", one["owner"]),
        ]
        row = "".join(f'<td class="{name}">{_text(text)}</td>' if name else f"<td>{_text(text)}</td>" for name, text in cells)
        yield f'<tr class="{_text(one["action"])}">{row}</tr>'
    yield "</tbody></table>"


def _failures(report: Report) -> c.Iterator[str]:
    if report["failures"]:
        yield "<h2>What stopped the check</h2><ul>"
        for one in report["failures"]:
            yield f"<li><strong>{_text(one['host'])}</strong>, {_text(one['task'])}: {_text(one['message'])}</li>"
        yield "</ul>"


def _unchecked(report: Report) -> c.Iterator[str]:
    if report["unchecked"]:
        yield '<h2>What a check cannot see</h2><ul class="note">'
        for one in report["unchecked"]:
            yield f"<li>{_text(one['host'])}: {_text(one['task'])}</li>"
        yield "</ul>"


def shown(value: t.Any) -> str:
    """A value as a cell shows it."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, indent=1, sort_keys=True, default=str, ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} \N{HORIZONTAL ELLIPSIS} ({len(text)} characters, see the JSON file)"


def _text(value: t.Any) -> str:
    return html.escape(str(value), quote=True)
