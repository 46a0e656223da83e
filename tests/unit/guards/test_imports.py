# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Imports run in one direction: from the plugins to the rooms of each service, and from these to what they share."""

from __future__ import annotations

import ast
import collections.abc as c
import itertools
import pathlib

import pytest

from tests.tools.checkout import CHECKOUT, files

PLUGINS = "ansible_collections.energytwin.aws.plugins"
UTILS = f"{PLUGINS}.module_utils"
# What the rooms of all services share. Each may use those before it.
SHARED = ("_wait", "_plan", "_times", "_aws")
# The rooms, and which others they may use beside what is shared. The site model is read by others and reads nothing.
ROOMS: dict[str, tuple[str, ...]] = {
    "_site": (),
    "_twinmaker": (),
    "_grafana": (),
    "_iot": (),
    "_stack": (),
    "_migration": (),
    "_reading": ("_site",),
    # It looks at everything before anything is made.
    "_preflight": ("_site", "_twinmaker", "_grafana", "_iot"),
}
# What neither talks to AWS nor reads what is there.
PURE = ("_site", "_plan", "_times")

LOCAL_CLOUD = "roles/local_cloud/files/local_cloud"
# Rooms of the local cloud, and those that they never know, not even for a type.
NEVER = {
    "protocol": ("service", "cloud", "front", "services", "broker", "cloudformation", "assembly"),
    "services": ("front", "cloudformation", "assembly", "cli"),
    "broker": ("front", "cloudformation", "assembly", "cli"),
    # Its providers call the services' own APIs, as those of AWS do.
    "cloudformation": ("front", "services", "broker", "assembly", "cli"),
}
# The packages that a role installs somewhere else.
PROGRAMS = {"local_cloud": {"local_cloud"}, "stack": {"energy_reader"}, "edge_gateway": {"meter_gateway", "meter_simulator"}}


def statements(path: pathlib.PurePath) -> c.Iterator[ast.Import | ast.ImportFrom]:
    tree = ast.parse((CHECKOUT / path).read_text())
    return (node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom)))


def imported(path: pathlib.PurePath) -> c.Iterator[str]:
    """The dotted names that a file imports, but for those that are relative to it. Of ``from a import b``, ``a.b``."""
    for node in statements(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def below(package: str, path: pathlib.PurePath) -> set[str]:
    """The first names below a package that a file imports."""
    return {name.removeprefix(f"{package}.").split(".")[0] for name in imported(path) if name.startswith(f"{package}.")}


def room_of(path: pathlib.PurePath) -> str:
    """The room of module_utils that a file stands in."""
    return path.relative_to("plugins/module_utils").parts[0].removesuffix(".py")


def test_imports_are_written_in_full() -> None:
    relative = {
        str(path)
        for path in (*files("plugins/*.py"), *files(f"{LOCAL_CLOUD}/*.py"))
        for node in statements(path)
        if isinstance(node, ast.ImportFrom) and node.level
    }
    assert not relative


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room_of(path) for path in files("plugins/module_utils/*.py")} == {*SHARED, *ROOMS}


@pytest.mark.parametrize("room", [*SHARED, *ROOMS])
def test_a_room_uses_only_rooms_below_it(room: str) -> None:
    shared = SHARED[: SHARED.index(room)] if room in SHARED else () if room == "_site" else SHARED
    allowed = {room, *shared, *ROOMS.get(room, ())}
    checked = [path for path in files("plugins/module_utils/*.py") if room_of(path) == room]
    assert checked
    assert not {str(path): sorted(found) for path in checked if (found := below(UTILS, path) - allowed)}


def test_a_module_uses_one_room() -> None:
    used = {path.stem: below(UTILS, path) - set(SHARED) for path in files("plugins/modules/*.py")}
    assert len(used) > 25
    assert not {name: sorted(rooms) for name, rooms in used.items() if len(rooms) != 1 or not rooms <= set(ROOMS)}


def test_filters_are_pure_and_do_not_reach_into_other_plugins() -> None:
    filters = files("plugins/filter/*.py")
    assert filters
    assert not {str(path): sorted(found) for path in filters if (found := below(UTILS, path) - {*PURE, "_preflight"})}
    assert not {str(path): sorted(found) for path in filters if (found := below(PLUGINS, path) - {"module_utils"})}


def test_rooms_do_not_know_who_uses_them() -> None:
    rooms = [*files("plugins/module_utils/*.py"), *files("plugins/plugin_utils/*.py")]
    assert not {str(path): sorted(found) for path in rooms if (found := below(PLUGINS, path) - {"module_utils", "plugin_utils"})}
    assert not [str(path) for path in files("plugins/module_utils/*.py") if "plugin_utils" in below(PLUGINS, path)]


def test_programs_that_roles_install_stand_alone() -> None:
    strangers = {}
    for path in files("roles/*.py"):
        found = {name.split(".")[0] for name in imported(path)} & {*itertools.chain(*PROGRAMS.values()), "ansible", "ansible_collections"}
        if found - PROGRAMS.get(path.parts[1], set()):
            strangers[str(path)] = sorted(found)
    assert not strangers


@pytest.mark.parametrize("room", NEVER)
def test_a_room_of_the_local_cloud_does_not_know_those_above_it(room: str) -> None:
    checked = [path for path in files(f"{LOCAL_CLOUD}/*.py") if path.is_relative_to(f"{LOCAL_CLOUD}/{room}")]
    assert checked
    assert not {str(path): sorted(found) for path in checked if (found := below("local_cloud", path) & set(NEVER[room]))}
