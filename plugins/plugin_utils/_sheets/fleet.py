# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of many sites to the hosts of an inventory; all that is wrong with any of them is said at once."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import fnmatch
import pathlib
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Problems, shown
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import SiteError, parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import meters, plain
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.columns import SHEETS, SITE, SITE_VARIABLES
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.files import NoOpenpyxl, csv_name, read_csv, read_xlsx
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.tables import Grid
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.workbook import Listed, read_workbook
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.yaml_file import read_yaml

YAML, CSV, XLSX = (".yml", ".yaml"), ".csv", ".xlsx"
ENDINGS = (*YAML, CSV, XLSX)
SITE_MARK = "{site}"
_HOST_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")


@dataclasses.dataclass(frozen=True)
class SiteHosts:
    """A site of the inventory: the variables of its host, and those of the hosts of its gateways by their names."""

    site_id: str
    variables: dict[str, t.Any]
    gateways: dict[str, dict[str, t.Any]]


def find_files(folder: pathlib.Path, patterns: c.Sequence[str], problems: Problems) -> list[pathlib.Path]:
    """The files that patterns name, relative to a folder; of a folder all that can be read. Each once, in the order of their names."""
    found: set[pathlib.Path] = set()
    for pattern in patterns:
        base = folder / pattern
        candidates = sorted(base.iterdir()) if base.is_dir() else sorted(_glob(base))
        files = {path for path in candidates if path.suffix.lower() in ENDINGS and not path.name.startswith((".", "~$")) and path.is_file()}
        if not files:
            problems.add(
                "sites", f"{shown(pattern)} leads to no file ({', '.join(ENDINGS)}) below {folder}; mend it, or put the sheets there"
            )
        found |= files
    return sorted(found)


def read_fleet(
    files: c.Sequence[tuple[str, pathlib.Path]], defaults: c.Mapping[str, str], ignore: c.Sequence[str], problems: Problems
) -> list[SiteHosts]:
    """The hosts of all sites. files: each with its name as it is told to people. What is wrong is noted.

    defaults: what is said of each site that does not say it itself. ignore: patterns of columns and sheets that are left alone.
    """
    for key in defaults:
        if key not in SHEETS[SITE].columns or key == "id":
            known = ", ".join(name for name in SHEETS[SITE].columns if name != "id")
            problems.add(f"defaults.{key}", f"is nothing that is known of a site; known are {known}")
    listed = [one for one in _read(files, ignore, problems) if one is not None]
    hosts = [found for one in listed if (found := _hosts(one, defaults, problems))]
    _once(listed, hosts, problems)
    return hosts


def _glob(pattern: pathlib.Path) -> c.Iterator[pathlib.Path]:
    anchor = pathlib.Path(pattern.anchor or ".")
    return anchor.glob(str(pattern.relative_to(pattern.anchor)))


def _read(files: c.Sequence[tuple[str, pathlib.Path]], ignore: c.Sequence[str], problems: Problems) -> c.Iterator[Listed | None]:
    def ignored(title: str) -> bool:
        return any(fnmatch.fnmatchcase(title.casefold(), pattern.casefold()) for pattern in ignore)

    # A site may have many CSV files, which stand for the sheets of a workbook.
    by_site: dict[str, list[tuple[str, Grid]]] = {}
    for told, path in files:
        try:
            content = path.read_bytes()
        except OSError as error:
            problems.add(told, f"cannot be read ({error.strerror}); let the user who runs Ansible read it")
            continue
        if path.suffix.lower() in YAML:
            yield read_yaml(content, path.stem, told, problems)
        elif path.suffix.lower() == XLSX:
            try:
                yield read_workbook(path.stem, told, read_xlsx(content, told, problems, ignored), ignore, problems)
            except NoOpenpyxl:
                problems.add(
                    told,
                    "needs the Python package openpyxl; install it beside ansible-core (pip install openpyxl), or save the sheets as CSV",
                )
        else:
            site, sheet = csv_name(path)
            grid = read_csv(content, sheet, told, problems)
            if grid:
                of_site = by_site.setdefault(str(path.with_name(site)), [])
                for other, known in of_site:
                    if known.sheet == sheet:
                        problems.add(told, f"holds the {sheet} of the site, as {other} does; remove one of the two")
                of_site.append((told, grid))
    for name, grids in by_site.items():
        told = min((told for told, _grid in grids), key=len)
        yield read_workbook(pathlib.Path(name).name, told, [grid for _told, grid in grids], ignore, problems)


def _hosts(listed: Listed, defaults: c.Mapping[str, str], problems: Problems) -> SiteHosts | None:
    said = {key: str(value).replace(SITE_MARK, listed.site_id) for key, value in defaults.items()}
    variables = {SITE_VARIABLES[key]: value for key, value in said.items() if key in SITE_VARIABLES} | listed.variables
    data = {key: value for key, value in said.items() if key not in SITE_VARIABLES} | listed.site
    try:
        site = parse_site(data, listed.site_id, listed.gateways, listed.places.of)
    except SiteError as error:
        problems.sentences.extend(error.problems)
        return None
    named = dict.fromkeys(meter["gateway"] for meter in meters(site) if meter["gateway"])
    gateways = listed.gateways if listed.gateways is not None else {name: {} for name in named}
    for name in gateways:
        if not _HOST_NAME.fullmatch(name):
            problems.add(listed.places.root, f"{shown(name)} is no name of a gateway; use letters, digits, - _ and .")
    shape = {key: value for key, value in plain(site).items() if key != "id"}
    return SiteHosts(
        listed.site_id,
        {"site": shape, "site_gateways": list(gateways), **variables},
        {name: {"gateway_site": listed.site_id, **variables, **values} for name, values in gateways.items()},
    )


def _once(listed: c.Sequence[Listed], hosts: c.Sequence[SiteHosts], problems: Problems) -> None:
    """Every host has a name of its own."""
    places: dict[str, str] = {}
    for one in listed:
        if one.site_id in places:
            problems.add(
                one.places.root, f"site {shown(one.site_id)} is that of {places[one.site_id]} too; remove one of the two, or mend its id"
            )
        places.setdefault(one.site_id, one.places.root)
    roots = {one.site_id: one.places.root for one in listed}
    for site in hosts:
        for gateway in site.gateways:
            if gateway in places:
                problems.add(
                    roots[site.site_id], f"gateway {shown(gateway)} is the name of a host of {places[gateway]} too; give it another"
                )
            places.setdefault(gateway, roots[site.site_id])
