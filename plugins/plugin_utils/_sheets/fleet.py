# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of many sites to the hosts of an inventory, each site with all that is wrong with its files."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import fnmatch
import pathlib
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Problems, shown
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import FAULTS, SiteError, parse_site
from ansible_collections.energytwin.aws.plugins.module_utils._site.projections import plain
from ansible_collections.energytwin.aws.plugins.module_utils._site.validate import entity_id_fault
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.columns import SHEETS, SITE, SITE_VARIABLES
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.files import NoOpenpyxl, csv_name, read_csv, read_xlsx
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.tables import Grid
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.workbook import Listed, read_workbook
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.yaml_file import read_yaml

YAML, CSV, XLSX = (".yml", ".yaml"), ".csv", ".xlsx"
ENDINGS = (*YAML, CSV, XLSX)
SITE_MARK = "{site}"
_HOST_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*")
_NO_NAME = re.compile(r"[^a-zA-Z0-9_.-]+")


@dataclasses.dataclass(frozen=True)
class SiteHosts:
    """A site of the inventory: the variables of its host, and those of the hosts of its gateways by their names.

    faults: what is wrong with its files, a sentence each. A site with faults has no gateways, and its variable ``site`` holds nothing but them,
    so that whatever is done with the site fails with them (``parse_site``).
    """

    site_id: str
    variables: dict[str, t.Any]
    gateways: dict[str, dict[str, t.Any]]
    faults: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class _Draft:
    """What was read of a site. place: its file, as it is told to people. site: its model, empty where there are faults."""

    site_id: str
    place: str
    variables: dict[str, t.Any]
    site: dict[str, t.Any]
    gateways: dict[str, dict[str, t.Any]]
    problems: Problems


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
    """The hosts of all sites, each with the faults of its own files. files: each with its name as it is told to people.

    defaults: what is said of each site that does not say it itself; what is wrong with them is noted as problems. ignore: patterns of columns
    and sheets that are left alone.
    """
    for key in defaults:
        if key not in SHEETS[SITE].columns or key == "id":
            known = ", ".join(name for name in SHEETS[SITE].columns if name != "id")
            problems.add(f"defaults.{key}", f"is nothing that is known of a site; known are {known}")
    drafts = [*_drafts(files, defaults, ignore)]
    _compare(drafts)
    by_host: dict[str, list[_Draft]] = {}
    for draft in drafts:
        by_host.setdefault(_host_name(draft.site_id), []).append(draft)
    return [_hosts(name, of_host) for name, of_host in by_host.items()]


def _glob(pattern: pathlib.Path) -> c.Iterator[pathlib.Path]:
    anchor = pathlib.Path(pattern.anchor or ".")
    return anchor.glob(str(pattern.relative_to(pattern.anchor)))


def _drafts(files: c.Sequence[tuple[str, pathlib.Path]], defaults: c.Mapping[str, str], ignore: c.Sequence[str]) -> c.Iterator[_Draft]:
    # A site may have many CSV files, which stand for the sheets of a workbook.
    csv_files: dict[pathlib.Path, list[tuple[str, pathlib.Path]]] = {}
    for told, path in files:
        if path.suffix.lower() == CSV:
            csv_files.setdefault(path.with_name(csv_name(path)[0]), []).append((told, path))
        else:
            problems = Problems()
            yield _draft(path.stem, told, _read_file(told, path, ignore, problems), defaults, problems)
    for base, sheets in csv_files.items():
        problems = Problems()
        place = min((told for told, _path in sheets), key=len)
        yield _draft(base.name, place, _read_csv_files(base.name, place, sheets, ignore, problems), defaults, problems)


def _read_file(told: str, path: pathlib.Path, ignore: c.Sequence[str], problems: Problems) -> Listed | None:
    content = _content(told, path, problems)
    if content is None:
        return None
    if path.suffix.lower() in YAML:
        return read_yaml(content, path.stem, told, problems)
    try:
        grids = read_xlsx(content, told, problems, lambda title: _fits(title, ignore))
    except NoOpenpyxl:
        problems.add(
            told, "needs the Python package openpyxl; install it beside ansible-core (pip install openpyxl), or save the sheets as CSV"
        )
        return None
    return read_workbook(path.stem, told, grids, ignore, problems)


def _read_csv_files(
    name: str, place: str, files: c.Sequence[tuple[str, pathlib.Path]], ignore: c.Sequence[str], problems: Problems
) -> Listed | None:
    grids: dict[str, Grid] = {}
    for told, path in files:
        sheet = csv_name(path)[1]
        content = _content(told, path, problems)
        grid = read_csv(content, sheet, told, problems) if content is not None else None
        if grid and sheet in grids:
            problems.add(told, f"holds the {sheet} of the site, as {grids[sheet].place} does; remove one of the two")
        elif grid:
            grids[sheet] = grid
    return read_workbook(name, place, [*grids.values()], ignore, problems) if grids else None


def _content(told: str, path: pathlib.Path, problems: Problems) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError as error:
        problems.add(told, f"cannot be read ({error.strerror}); let the user who runs Ansible read it")
        return None


def _fits(title: str, patterns: c.Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(title.casefold(), pattern.casefold()) for pattern in patterns)


def _draft(name: str, place: str, listed: Listed | None, defaults: c.Mapping[str, str], problems: Problems) -> _Draft:
    """name: the site's id where the files cannot be read."""
    site_id = listed.site_id if listed else name
    said = {key: str(value).replace(SITE_MARK, site_id) for key, value in defaults.items()}
    variables = {SITE_VARIABLES[key]: value for key, value in said.items() if key in SITE_VARIABLES}
    if listed is None:
        return _Draft(site_id, place, variables, {}, {}, problems)
    variables |= listed.variables
    data = {key: value for key, value in said.items() if key not in SITE_VARIABLES} | listed.site
    shape: dict[str, t.Any] = {}
    try:
        shape = {key: value for key, value in plain(parse_site(data, site_id, listed.gateways, listed.places.of)).items() if key != "id"}
    except SiteError as error:
        problems.sentences.extend(error.problems)
    gateways = listed.gateways if listed.gateways is not None else {gateway: {} for gateway in _named_gateways(listed.site)}
    for gateway in gateways:
        if not _HOST_NAME.fullmatch(gateway):
            problems.add(place, f"{shown(gateway)} is no name of a gateway; use letters, digits, - _ and .")
    return _Draft(site_id, place, variables, shape, gateways, problems)


def _named_gateways(part: t.Any) -> c.Iterator[str]:
    """The gateways that the meters of a site name, whatever else is wrong with it."""
    if isinstance(part, c.Mapping):
        if isinstance(named := part.get("gateway"), str) and named:
            yield named
        for inner in part.values():
            yield from _named_gateways(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _named_gateways(inner)


def _compare(drafts: c.Sequence[_Draft]) -> None:
    """Every host has a name of its own. Two sites that claim the same one are both at fault: nobody can tell here whose it is."""
    sites: dict[str, _Draft] = {}
    for draft in drafts:
        first = sites.setdefault(draft.site_id, draft)
        if first is not draft:
            draft.problems.add(
                draft.place, f"site {shown(draft.site_id)} is that of {first.place} too; remove one of the two, or mend its id"
            )
    claimed: dict[str, _Draft] = {}
    for draft in drafts:
        for gateway in draft.gateways:
            first = sites.get(gateway) or claimed.setdefault(gateway, draft)
            if first is draft and gateway != draft.site_id:
                continue
            sentence = f"gateway {shown(gateway)} is the name of a host of {first.place} too; give it another"
            draft.problems.add(draft.place, sentence)
            if gateway not in sites:
                first.problems.add(draft.place, sentence)


def _host_name(site_id: str) -> str:
    """A site with faults may have an id that is none; its host has a name all the same, which can be that of a file."""
    return site_id if not entity_id_fault(site_id) else _NO_NAME.sub("-", site_id).strip("-.") or "site"


def _hosts(name: str, drafts: c.Sequence[_Draft]) -> SiteHosts:
    """The hosts of a site; of many drafts of the same site none can be right."""
    first = drafts[0]
    faults = [sentence for draft in drafts for sentence in draft.problems.sentences]
    if faults:
        return SiteHosts(name, {"site": {FAULTS: faults}, "site_gateways": [], **first.variables}, {}, faults)
    return SiteHosts(
        name,
        {"site": first.site, "site_gateways": list(first.gateways), **first.variables},
        {gateway: {"gateway_site": name, **first.variables, **values} for gateway, values in first.gateways.items()},
    )
