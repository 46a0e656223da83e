# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the result of a task in check mode to what differs, one entry per item and field (pure)."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

Result = c.Mapping[str, t.Any]

ADD, CHANGE, REMOVE, RUN = "add", "change", "remove", "run"
ENTITIES = "twinmaker_entities"
HIDDEN = "hidden, for it is secret"
# What names an item in the arguments of a module; the first that is given counts.
NAMING = ("scene_id", "component_type_id", "entity_id", "uid", "title", "stack_name", "name", "plugin_id", "dest", "path", "workspace_id")
STACK_ACTIONS = {"Add": ADD, "Import": ADD, "Modify": CHANGE, "Remove": REMOVE}


@dataclasses.dataclass(frozen=True)
class Task:
    """Where a result comes from. layer: the role; module: its name without the collection."""

    layer: str
    host: str
    name: str
    module: str


@dataclasses.dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be.

    action: add, change, remove, or run (something would be done of which no more is known). field: path within the item, None for all of it.
    actual, wanted: plain data, None for what is not there or not known. since: when the item was changed last, ISO 8601 in UTC; None if that
    is not known. changed_by: who did it, as far as the service tells. owner: what the item belongs to.
    """

    layer: str
    host: str
    item: str
    action: str
    owner: str
    task: str
    field: str | None = None
    actual: t.Any = None
    wanted: t.Any = None
    reason: str | None = None
    since: str | None = None
    changed_by: str | None = None

    def plain(self) -> dict[str, t.Any]:
        names = {"actual": "is", "wanted": "should_be"}
        return {names.get(field.name, field.name): getattr(self, field.name) for field in dataclasses.fields(self)}


def differences(task: Task, result: Result) -> list[Difference]:
    """What differs by a result; a loop's result counts by its items."""
    parts = result["results"] if isinstance(result.get("results"), list) else [result]
    return [found for part in parts if isinstance(part, c.Mapping) and part.get("changed") for found in _of_one(task, part)]


def _of_one(task: Task, result: Result) -> c.Iterator[Difference]:
    dashboard = result.get("dashboard") or {}
    base = Difference(
        layer=task.layer,
        host=task.host,
        item=_item(task, result),
        action=RUN,
        owner=_owner(task),
        task=task.name,
        reason="; ".join(map(str, result.get("reasons") or [])) or None,
        since=dashboard.get("updated") or None,
        changed_by=dashboard.get("updated_by") or None,
    )
    if result.get("_ansible_no_log") or "censored" in result:
        yield dataclasses.replace(base, action=CHANGE, actual=HIDDEN, wanted=HIDDEN)
    elif task.module == "cloudformation":
        yield from _of_stack(base, result)
    elif task.module == ENTITIES:
        yield from _of_entities(base, result)
    else:
        found = [found for entry in _entries(result.get("diff")) for found in _of_entry(base, entry)]
        yield from found or [base]


def _item(task: Task, result: Result) -> str:
    arguments = (result.get("invocation") or {}).get("module_args") or {}
    named = [str(arguments[key]) for key in NAMING if isinstance(arguments.get(key), (str, int)) and arguments[key] != ""]
    label = result.get("_ansible_item_label")
    return label if isinstance(label, str) and label else named[0] if named else task.name.rpartition(" : ")[2].rpartition(" | ")[2]


def _owner(task: Task) -> str:
    return f"gateway {task.host}" if task.layer == "edge_gateway" else f"site model of {task.host}"


def _of_stack(base: Difference, result: Result) -> c.Iterator[Difference]:
    owner = f"stack {base.item}"
    meta = result.get("meta")
    changes = [entry["ResourceChange"] for entry in meta if "ResourceChange" in entry] if isinstance(meta, list) else []
    if not changes:
        yield dataclasses.replace(base, owner=owner, action=CHANGE, reason=str(result.get("msg") or "") or None)
    for change in changes:
        item = f"{change['LogicalResourceId']} ({change['ResourceType']})"
        found = dataclasses.replace(base, owner=owner, item=item, action=STACK_ACTIONS.get(change["Action"], CHANGE))
        if change.get("Replacement") == "True":
            found = dataclasses.replace(found, reason="by replacement")
        targets = [detail["Target"] for detail in change.get("Details", [])]
        fields = list(dict.fromkeys(".".join(filter(None, (target.get("Attribute"), target.get("Name")))) for target in targets))
        yield from [dataclasses.replace(found, field=field) for field in fields] or [found]


def _of_entities(base: Difference, result: Result) -> c.Iterator[Difference]:
    diff = result.get("diff") or {}
    before, after = diff.get("before") or {}, diff.get("after") or {}
    reasons = {step["entity_id"]: step.get("reason") for step in result.get("plan") or []}
    since = result.get("last_changed") or {}
    for entity_id in dict.fromkeys([*reasons, *before, *after]):
        one = dataclasses.replace(base, item=str(entity_id), reason=reasons.get(entity_id), since=since.get(entity_id))
        yield from _between(one, before.get(entity_id), after.get(entity_id))


def _entries(diff: t.Any) -> list[Result]:
    entries = diff if isinstance(diff, list) else [diff]
    return [entry for entry in entries if isinstance(entry, c.Mapping) and entry.get("before") != entry.get("after")]


def _of_entry(base: Difference, entry: Result) -> c.Iterator[Difference]:
    header = entry.get("after_header") or entry.get("before_header")
    before, after = entry.get("before"), entry.get("after")
    if isinstance(before, c.Mapping) or isinstance(after, c.Mapping):
        yield from _between(base, before or None, after or None)
        return
    action = ADD if before in ("", None) else REMOVE if after in ("", None) else CHANGE
    field = str(header) if header and str(header) != base.item else None
    yield dataclasses.replace(base, action=action, field=field, actual=before or None, wanted=after or None)


def _between(base: Difference, before: t.Any, after: t.Any) -> c.Iterator[Difference]:
    if before is None or after is None:
        action = ADD if before is None else REMOVE
        yield dataclasses.replace(base, action=action, actual=before, wanted=after)
        return
    for path, actual, wanted in _leaves((), before, after):
        yield dataclasses.replace(base, action=CHANGE, field=".".join(path) or None, actual=actual, wanted=wanted)


def _leaves(path: tuple[str, ...], before: t.Any, after: t.Any) -> c.Iterator[tuple[tuple[str, ...], t.Any, t.Any]]:
    if isinstance(before, c.Mapping) and isinstance(after, c.Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from _leaves((*path, str(key)), before.get(key), after.get(key))
    elif before != after:
        yield path, before, after
