# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The monthly bill of a site as a table for people (pure)."""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.cost import STORES, Line, Usage, bill, totals
from ansible_collections.energytwin.aws.plugins.module_utils._site.model import Site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import as_site

HEADING = ("", "Amount a month", "Unit", *(f"{store} [USD]" for store in STORES))
TEXT_COLUMNS = (0, 2)


def estimate_table(
    site: Site | c.Mapping[str, t.Any],
    usage: c.Mapping[str, t.Any],
    prices: c.Mapping[str, c.Mapping[str, t.Any]],
    unpriced: c.Sequence[c.Mapping[str, t.Any]] = (),
) -> list[str]:
    """Lines: a row for each thing that costs something, the total of each store, what has no price, and where the prices are from.

    usage: as ``Usage.of`` takes it. prices: by key, with usd, per, unit, region, date and source. unpriced: mappings with what and stores.
    """
    site = as_site(site)
    lines = bill(site, Usage.of(usage), prices)
    rows = [_row(line) for line in lines if line.quantity]
    total = totals(lines)
    sums = ("Total", "", "", *(f"{total[store]:.2f}" for store in STORES))
    table = _aligned([HEADING, *rows, sums])
    return [
        f"A month of {site.name}, without free tiers and taxes:",
        "",
        *table,
        *_left_out(lines, unpriced),
        "",
        "Prices:",
        *(f"- {_plain(price['usd'])} USD for {price['per']:,} {price['unit']} ({_origin(price)})" for price in prices.values()),
    ]


def _row(line: Line) -> tuple[str, ...]:
    amount = f"{line.quantity:,.0f}" if line.quantity >= 10 else f"{line.quantity:.2f}"
    return (line.what, amount, line.unit, *("-" if line.usd[store] is None else f"{line.usd[store]:.2f}" for store in STORES))


def _left_out(lines: c.Sequence[Line], unpriced: c.Sequence[c.Mapping[str, t.Any]]) -> list[str]:
    without = [f"- {line.what}" for line in lines if line.quantity and all(cost is None for cost in line.usd.values())]
    known = [f"- {entry['what']} ({', '.join(entry['stores'])})" for entry in unpriced]
    return ["", "Not in these sums, since no price is known:", *known, *without] if known or without else []


def _plain(price: float) -> str:
    """Without an exponent: 0.00001667."""
    return f"{price:.10f}".rstrip("0").rstrip(".")


def _origin(price: c.Mapping[str, t.Any]) -> str:
    return ", ".join(str(price[key]) for key in ("region", "date", "source") if price.get(key))


def _aligned(rows: c.Sequence[c.Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADING))]
    lines = [
        "  ".join(
            cell.ljust(width) if column in TEXT_COLUMNS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    rule = "  ".join("-" * width for width in widths)
    return [lines[0], rule, *lines[1:-1], rule, lines[-1]]
