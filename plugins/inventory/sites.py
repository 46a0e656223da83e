# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: sites
short_description: Sites and their gateways from sheets
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads one file for each site, since that is how lists of meters arrive from the field, and makes of it a host in group C(sites) with
    the variable C(site), and a host in group C(gateways) for each of its gateways.
  - A file is a CSV file, an Excel workbook or a YAML file; what it is called is the id of the site, unless it gives one.
  - All that is wrong with any of the files is told at once, each with its file, sheet, row and column. What becomes of the sites that these
    files are of, says O(faulty_sites).
  - Nothing in the files is taken as a template.
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [energytwin.aws.sites]
  sites:
    description:
      - Where the files are, relative to the file with this option; a folder stands for all files in it that can be read.
      - They do not belong below an inventory that is a folder, for Ansible takes all files there as inventories.
    type: list
    elements: str
    required: true
  defaults:
    description:
      - What is said of each site that does not say it itself; keys as in sheet C(site).
      - V({site}) in a value stands for the id of the site.
    type: dict
    default: {}
  ignore:
    description: Headings of columns and names of sheets that are left alone; shell patterns, without regard to case.
    type: list
    elements: str
    default: []
  faulty_sites:
    description:
      - What becomes of a site with faults in its files.
      - V(keep) makes it a host of group C(sites) without gateways. Its variable C(site) holds nothing but C(faults), a sentence each, which
        whatever is done with the site fails with; all other sites are done. Every command over the inventory warns of it, also those for
        gateways only, such as playbook C(energytwin.aws.rotate), which do without these gateways.
      - V(refuse) makes no inventory at all then. Ansible itself only warns of that and goes on without hosts, and so without an error, unless its
        setting C(INVENTORY_ANY_UNPARSED_IS_FAILED) is on.
      - Two sites that claim the same id or the same gateway both have a fault, for nobody can tell whose it is.
      - What is wrong with O(sites) or with O(defaults) is no fault of a site; there is no inventory then.
    type: str
    choices: [keep, refuse]
    default: keep
notes:
  - The sheets of a workbook are C(meters), and if there is more to say C(site), C(areas), C(panels), C(gateways), C(buses) and C(people).
    The only sheet of a workbook holds the meters, whatever it is called.
  - A CSV file C(plant.csv) holds the meters. Other sheets stand beside it, C(plant.areas.csv) and so on. The delimiter is found out. The file is
    in UTF-8, in UTF-16 with a mark, or else in Windows-1252.
  - The first row of a sheet names its columns. Case, punctuation and what stands in brackets do not matter. A column that is not known is an
    error, unless it holds remarks (C(remarks), C(comment), C(note)) or is named in O(ignore).
  - 'Sheet C(meters): C(area), C(panel), C(panel name), C(meter) (the id), C(name), C(model), C(phases), C(gateway), C(address) (or C(bus) and
    C(unit)), C(serial), C(incomer) (yes or no), C(x), C(y), C(z) in metres, and limits such as C(kW warning) and C(v1 alarm).'
  - An area is a path of ids or of names, C(Hall 1/Compressors); an id is made of a name that is none (C(hall-1)). So it is with panels.
  - 'Above the heading of the meters, or in sheet C(site), rows of a key and a value say C(name), C(topic), C(region), C(ring), C(timezone),
    C(model) and C(id).'
  - 'Sheet C(areas): C(area), C(name), C(x), C(y), C(z). Sheet C(panels): C(panel), C(name), C(area), C(fed from), C(x), C(y), C(z). Sheet C(people): C(user),
    C(role). Sheet C(gateways): C(gateway), C(model), C(host). Sheet C(buses): C(gateway), C(bus), C(transport), C(host), C(port), C(device),
    C(baudrate), C(parity), C(stopbits), C(timeout seconds), C(pause seconds), C(interval seconds).'
  - Other names that a column may have stand in C(plugins/plugin_utils/_sheets/columns.py); among them are some in German.
  - Numbers have a decimal point or a decimal comma, and nothing between thousands. Merged cells of a workbook hold their value in each of them.
  - 'A YAML file holds C(site) as the variable of that name, and may hold C(region), C(ring) and C(gateways): by name, with C(model), C(host) and
    C(buses).'
  - The variables of a site are C(site), C(site_gateways), C(aws_region) (its region) and C(rollout_ring) (its ring); those of a gateway
    C(gateway_site), C(gateway_model), C(ansible_host), C(edge_gateway_buses), and its site's C(aws_region) and C(rollout_ring).
    Other variables come from group_vars and host_vars.
  - Without sheet C(gateways) a site has the gateways that its meters name.
requirements:
  - openpyxl (for Excel workbooks)
extends_documentation_fragment:
  - constructed
  - inventory_cache
seealso:
  - plugin: energytwin.aws.site_model
    plugin_type: filter
"""

EXAMPLES = r"""
# Every file of a folder beside the inventory
plugin: energytwin.aws.sites
sites: [../sheets]

---
# Lists from the field that hold neither topics nor regions, and a column for the installer
plugin: energytwin.aws.sites
sites:
  - ../from_the_field/*.xlsx
  - ../own/*.yml
defaults:
  name: "{site}"
  topic: energy/{site}
  region: eu-central-1
  ring: general
ignore:
  - installed by

---
# Groups: region_eu_central_1, ring_canary, gateway_model_revpi_connect, and site_plant_north with the site and its gateways,
# so that --limit site_plant_north or --limit ring_canary takes all that belongs together
plugin: energytwin.aws.sites
sites: [../sheets]
groups:
  large: site_gateways | default([]) | length > 20
  # For --limit '!faulty'
  faulty: (site | default({})).faults is defined
keyed_groups:
  - key: aws_region
    prefix: region
  - key: rollout_ring
    prefix: ring
  - key: gateway_model
    prefix: gateway_model
  - key: gateway_site | default(inventory_hostname)
    prefix: site
"""

import collections.abc as c
import os
import pathlib
import re
import typing as t

from ansible.errors import AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ansible_collections.energytwin.aws.plugins.module_utils._site.fields import Problems
from ansible_collections.energytwin.aws.plugins.module_utils._site.text_table import counted
from ansible_collections.energytwin.aws.plugins.plugin_utils._sheets.fleet import SiteHosts, find_files, read_fleet

# How many faults are told one by one, and how many where the sites that have them tell them too.
TOLD = 100
WARNED = 10
REFUSE = "refuse"


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "energytwin.aws.sites"

    def verify_file(self, path: str) -> bool:
        return super().verify_file(path) and path.endswith((".yml", ".yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        sites = self._sites(pathlib.Path(path).resolve().parent, path, cache)
        faults = [sentence for site in sites for sentence in site.faults]
        if faults and self.get_option("faulty_sites") == REFUSE:
            raise AnsibleParserError(_faults(faults, TOLD))
        if faults:
            names = ", ".join(site.site_id for site in sites if site.faults)
            self.display.warning(
                f"These sites will fail, and their gateways be left alone, because of their sheets: {names}. {_faults(faults, WARNED)}",
                formatted=True,
            )
        for site in sites:
            self._add(site.site_id, "sites", site.variables, strict=self.get_option("strict") and not site.faults)
            for name, variables in site.gateways.items():
                self._add(name, "gateways", variables, strict=self.get_option("strict"))

    def _sites(self, folder: pathlib.Path, path: str, cache: bool) -> list[SiteHosts]:
        """The sites of the files, from the cache if no file has changed since."""
        problems = Problems()
        files = find_files(folder, self.get_option("sites"), problems)
        key = self.get_cache_key(path)
        stamp = [self.get_option("defaults"), self.get_option("ignore"), *(_stamp(file) for file in files)]
        kept = self._cache.get(key) if self.get_option("cache") and cache and not problems.sentences else None
        if kept and kept["stamp"] == stamp:
            return [SiteHosts(**site) for site in kept["sites"]]
        told = [(os.path.relpath(file, folder), file) for file in files]
        sites = read_fleet(told, self.get_option("defaults"), self.get_option("ignore"), problems)
        if problems.sentences:
            raise AnsibleParserError(_faults(problems.sentences, TOLD))
        if self.get_option("cache"):
            self._cache[key] = {"stamp": stamp, "sites": [vars(site) for site in sites]}
        return sites

    def _add(self, name: str, group: str, variables: dict[str, t.Any], strict: bool) -> None:
        """strict: whether a group or variable that cannot be computed is an error."""
        inventory = t.cast(InventoryData, self.inventory)
        inventory.add_group(group)
        inventory.add_host(name, group=group)
        for key, value in variables.items():
            inventory.set_variable(name, key, value)
        # With the host's own name.
        known = inventory.hosts[name].get_vars()
        self._set_composite_vars(self.get_option("compose"), known, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), known, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, name, strict=strict)


def _stamp(file: pathlib.Path) -> list[t.Any]:
    status = file.stat()
    return [str(file), status.st_size, status.st_mtime_ns]


def _faults(sentences: c.Collection[str], most: int) -> str:
    """Each once; those of two sites that claim the same stand with both. most: how many are told one by one."""
    found = sorted(set(sentences), key=_natural)
    more = [f"- and {len(found) - most} more"] if len(found) > most else []
    return "\n".join([f"The sheets have {counted(len(found), 'fault')}:", *(f"- {sentence}" for sentence in found[:most]), *more])


def _natural(sentence: str) -> list[tuple[int, str]]:
    """By file, and by the numbers of rows."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", sentence)]
