# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenes: their records in TwinMaker against what is wanted, and what keeps a scene document from being shown. Pure.

TwinMaker neither reads nor checks the document. The rules here are those by which AWS's scene viewer (package
scene-composer of awslabs/iot-app-kit, 10.13.1, ``serializationHelpers``) gives up on a document.
"""

from __future__ import annotations

import collections.abc as c
import copy
import dataclasses
import json
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import TagChanges, tag_changes
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value, listed, shown

Answer = dict[str, t.Any]

# Member of the API -> the module's option.
OPTIONS = {"contentLocation": "content_location", "description": "description", "capabilities": "capabilities", "sceneMetadata": "metadata"}
SPEC_VERSION = re.compile(r"(\d+)\.(\d+)")
MAJOR_VERSION = 1
WITH_RULES = ("Tag", "MotionIndicator")
MAX_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class SceneChange:
    """request: members of Create- or UpdateScene that differ."""

    before: Answer
    after: Answer
    request: Answer
    tags: TagChanges
    reasons: list[str]


def picture(answer: Answer | None, tags: c.Mapping[str, str] | None) -> Answer:
    """A scene in the shape of the module's options; empty if there is none."""
    if answer is None:
        return {}
    shape = {option: _comparable(answer[member]) for member, option in OPTIONS.items() if answer.get(member)}
    return {**shape, "tags": dict(tags)} if tags is not None else shape


def shown_scene(answer: Answer | None, tags: c.Mapping[str, str] | None) -> Answer:
    """A scene as results show it."""
    return {} if answer is None else {"scene_id": answer["sceneId"], "arn": answer["arn"], **picture(answer, tags)}


def change_scene(
    answer: Answer | None, tags: c.Mapping[str, str], wanted: Answer, wanted_tags: dict[str, str] | None, purge: bool
) -> SceneChange:
    """What turns the scene that is there (None: there is none) into the wanted one.

    wanted: members of the API, those that were given only.
    """
    there = answer or {}
    request = {member: value for member, value in wanted.items() if _comparable(value) != _comparable(there.get(member) or type(value)())}
    tag_change = tag_changes(tags, wanted_tags, purge)
    reasons = [changed_value(OPTIONS[member], there.get(member) or type(value)(), value) for member, value in request.items()]
    known_tags = None if wanted_tags is None else tags
    after = picture({**there, **wanted}, None if known_tags is None else tag_change.applied(known_tags))
    return SceneChange(
        picture(answer, known_tags), after, request, tag_change, ["is not there"] if answer is None else reasons + tag_change.reasons()
    )


def _comparable(value: t.Any) -> t.Any:
    """The order of capabilities means nothing."""
    return sorted(value) if isinstance(value, list) else value


def as_bytes(document: Answer) -> bytes:
    """A document as it is stored: the same text for the same document."""
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def parsed(text: bytes, name: str) -> Answer:
    """The document in a text. Raises Refused if it is none. name: what messages call it."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise Refused(f"{name} is no JSON: {error}; correct it.") from error
    if not isinstance(document, dict):
        raise Refused(f"{name} is {shown(document)}, but a scene document is a mapping with specVersion, nodes and so on.")
    return document


def check_document(document: Answer, name: str) -> None:
    """Raises Refused with all faults that keep the viewer from showing the document, one per line. name: what messages call it."""
    faults = [f"{name}{fault}." for fault in document_faults(document)]
    if faults:
        more = [] if len(faults) <= MAX_SHOWN else [f"... and {len(faults) - MAX_SHOWN} more like these."]
        raise Refused("\n".join(faults[:MAX_SHOWN] + more))


def document_changes(before: Answer, after: Answer) -> tuple[Answer, Answer]:
    """What differs between two documents: of the rules those that do, of all else the whole of what stands at the top."""
    rules, wanted = before.get("rules"), after.get("rules")
    if isinstance(rules, dict) and isinstance(wanted, dict):
        before = {**before, "rules": _differing(rules, wanted)}
        after = {**after, "rules": _differing(wanted, rules)}
    return _differing(before, after), _differing(after, before)


def _differing(one: Answer, other: Answer) -> Answer:
    return {key: value for key, value in one.items() if key not in other or other[key] != value}


def document_faults(document: Answer) -> c.Iterator[str]:
    """What keeps the viewer from showing the document, each fault to be put behind the name of the document."""
    yield from _version_faults(document.get("specVersion"))
    nodes: t.Any = document.get("nodes")
    cameras, rules = document.get("cameras") or [], document.get("rules") or {}
    for key, content, kind in (("nodes", nodes, list), ("cameras", cameras, list), ("rules", rules, dict)):
        if not isinstance(content, kind):
            yield f".{key}: {shown(content)} is no {'list' if kind is list else 'mapping'}"
            return
    yield from _index_faults(".rootNodeIndexes", document.get("rootNodeIndexes"), len(nodes), "node")
    for name, rule in rules.items():
        if not isinstance(rule, dict) or not isinstance(rule.get("statements"), list):
            yield f".rules.{name}: {shown(rule)} has no list of statements"
    for index, node in enumerate(nodes):
        yield from _node_faults(f".nodes[{index}]", node, len(nodes), len(cameras), rules)


def _node_faults(where: str, node: t.Any, nodes: int, cameras: int, rules: c.Mapping[str, t.Any]) -> c.Iterator[str]:
    if not isinstance(node, dict):
        yield f"{where}: {shown(node)} is no mapping"
        return
    if not isinstance(node.get("transform"), dict):
        yield f"{where}.transform: {shown(node.get('transform'))} is no mapping; write at least 'transform: {{}}'"
    yield from _index_faults(f"{where}.children", node.get("children") or [], nodes, "node")
    components = node.get("components") or []
    if not isinstance(components, list):
        yield f"{where}.components: {shown(components)} is no list"
        return
    for number, component in enumerate(components):
        yield from _component_faults(f"{where}.components[{number}]", component, cameras, rules)


def _version_faults(version: t.Any) -> c.Iterator[str]:
    if not isinstance(version, str):
        yield f".specVersion: {shown(version)} is no text; the viewer needs '{MAJOR_VERSION}.0'"
        return
    numbers = SPEC_VERSION.fullmatch(version)
    if not numbers:
        yield f".specVersion: '{version}' is not of the form major.minor; use '{MAJOR_VERSION}.0'"
    elif int(numbers[1]) > MAJOR_VERSION:
        yield f".specVersion: '{version}' is newer than the viewer, which knows {MAJOR_VERSION}.x; use '{MAJOR_VERSION}.0'"


def _index_faults(where: str, indexes: t.Any, count: int, what: str) -> c.Iterator[str]:
    if not isinstance(indexes, list):
        yield f"{where}: {shown(indexes)} is no list"
        return
    for index in indexes:
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < count:
            yield f"{where}: there is no {what} {shown(index)}; {_has(count, what)}"


def _has(count: int, what: str) -> str:
    return f"the document has {what}s 0 to {count - 1}" if count else f"the document has no {what}s"


def _component_faults(where: str, component: t.Any, cameras: int, rules: c.Mapping[str, t.Any]) -> c.Iterator[str]:
    if not isinstance(component, dict):
        yield f"{where}: {shown(component)} is no mapping"
        return
    kind = component.get("type")
    if kind == "Camera":
        yield from _index_faults(f"{where}.cameraIndex", [component.get("cameraIndex")], cameras, "camera")
    if kind == "MotionIndicator":
        for key in ("config", "valueDataBindings"):
            if not isinstance(component.get(key), dict):
                yield f"{where}.{key}: {shown(component.get(key))} is no mapping, but motion indicators need one"
    if kind in WITH_RULES:
        yield from _rule_faults(where, component, rules)


def _rule_faults(where: str, component: Answer, rules: c.Mapping[str, t.Any]) -> c.Iterator[str]:
    """A motion indicator has a rule for each of its values, others have one."""
    bindings = component.get("valueDataBindings")
    inner = bindings if isinstance(bindings, dict) else {}
    holders = [(where, component), *((f"{where}.valueDataBindings.{name}", binding) for name, binding in inner.items())]
    for holder, bound in holders:
        if not isinstance(bound, dict):
            yield f"{holder}: {shown(bound)} is no mapping"
            continue
        rule = bound.get("ruleBasedMapId")
        if rule and not (isinstance(rule, str) and rule in rules):
            known = f"it has {listed(sorted(rules))}" if rules else "it has none"
            yield f"{holder}.ruleBasedMapId: the document has no rule {shown(rule)}; {known}"


# Component of a node -> its key with the address of a file. Addresses without a scheme are keys in the bucket of the workspace.
FILE_KEYS = {"ModelRef": "uri", "Animation": "uri", "PlaneGeometry": "textureUri"}


def file_uris(document: Answer) -> list[str]:
    """The addresses of the models and textures that a document shows, each once."""
    found = (component.get(FILE_KEYS.get(str(component.get("type")), "")) for component in _components(document))
    return sorted({uri for uri in found if isinstance(uri, str) and uri})


def with_relative_files(document: Answer, bucket: str) -> Answer:
    """The same document with addresses of files in the workspace's bucket as keys: both are the same to the viewer."""
    copied = copy.deepcopy(document)
    own = f"s3://{bucket}/"
    for component in _components(copied):
        key = FILE_KEYS.get(str(component.get("type")), "")
        if isinstance(component.get(key), str):
            component[key] = component[key].removeprefix(own)
    return copied


def _components(document: Answer) -> c.Iterator[Answer]:
    for node in document.get("nodes") or []:
        yield from (component for component in node.get("components") or [] if isinstance(component, dict))
