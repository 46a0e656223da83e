# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which scene documents are refused: those that the loader of AWS's scene viewer gave up on (scene-composer 10.13.1, tried with each of these)."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.scenes import document_faults

NODE: dict[str, t.Any] = {"transform": {}}
DOCUMENT: dict[str, t.Any] = {"specVersion": "1.0", "nodes": [NODE], "rootNodeIndexes": [0]}
INDICATOR: dict[str, t.Any] = {"type": "MotionIndicator", "shape": "LinearPlane", "valueDataBindings": {}, "config": {}}


def with_component(component: t.Any) -> dict[str, t.Any]:
    return {**DOCUMENT, "nodes": [{**NODE, "components": [component]}]}


def without(key: str) -> dict[str, t.Any]:
    return {name: value for name, value in DOCUMENT.items() if name != key}


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (without("nodes"), ".nodes: null is no list"),
        (without("rootNodeIndexes"), ".rootNodeIndexes: null is no list"),
        ({**DOCUMENT, "rootNodeIndexes": [1]}, ".rootNodeIndexes: there is no node 1; the document has nodes 0 to 0"),
        ({**DOCUMENT, "nodes": [None]}, ".nodes[0]: null is no mapping"),
        ({**DOCUMENT, "nodes": [{"name": "Hall"}]}, ".nodes[0].transform: null is no mapping; write at least 'transform: {}'"),
        ({**DOCUMENT, "nodes": [{**NODE, "children": [1]}]}, ".nodes[0].children: there is no node 1; the document has nodes 0 to 0"),
        ({**DOCUMENT, "rules": {"kW": {}}}, ".rules.kW: {} has no list of statements"),
        ({**DOCUMENT, "rules": {"kW": None}}, ".rules.kW: null has no list of statements"),
        (with_component(None), ".nodes[0].components[0]: null is no mapping"),
        (with_component({"type": "Camera", "cameraIndex": 0}), ".cameraIndex: there is no camera 0; the document has no cameras"),
        (with_component({"type": "Tag", "ruleBasedMapId": "kW"}), ".ruleBasedMapId: the document has no rule 'kW'; it has none"),
        (with_component({**INDICATOR, "config": None}), ".config: null is no mapping, but motion indicators need one"),
        (with_component({**INDICATOR, "valueDataBindings": []}), ".valueDataBindings: [] is no mapping, but motion indicators need one"),
        (with_component({**INDICATOR, "valueDataBindings": {"speed": None}}), ".valueDataBindings.speed: null is no mapping"),
        ({**DOCUMENT, "specVersion": "1.0.0"}, ".specVersion: '1.0.0' is not of the form major.minor; use '1.0'"),
    ],
)
def test_what_the_viewer_does_not_show_is_named(document: dict[str, t.Any], fault: str) -> None:
    (found,) = document_faults(document)
    assert found.endswith(fault)


@pytest.mark.parametrize(
    "document",
    [
        DOCUMENT,
        {**DOCUMENT, "cameras": None, "rules": None},
        {**DOCUMENT, "nodes": [{**NODE, "children": None, "components": None}]},
        {**DOCUMENT, "specVersion": "1.1"},
        with_component(INDICATOR),
        with_component({"type": "Tag", "valueDataBinding": None}),
        with_component({"type": "DataOverlay", "subType": "TextAnnotation"}),
    ],
)
def test_what_the_viewer_shows_is_no_fault(document: dict[str, t.Any]) -> None:
    assert list(document_faults(document)) == []
