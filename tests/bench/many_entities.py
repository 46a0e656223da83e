# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plant of any size, as a list of twinmaker_entities and as AWS answers; and the module in a process of its own on it.

``python many_entities.py COUNT missing|there|recorded FOLDER`` runs it with the files ``arguments`` and ``record`` of the folder.
"""

from __future__ import annotations

import datetime
import io
import pathlib
import resource
import sys
import typing as t
import unittest.mock

METER = "com.example.energymeter"
WORKSPACE = "plant"
ARN = f"arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/{WORKSPACE}"
PAGE = 200
AREAS, PANELS = 20, 1000
IDENTIFIER = {"dataType": {"type": "STRING"}, "isRequiredInEntity": True, "isExternalId": True}
MEASURED = ("v1", "v2", "v3", "i1", "i2", "i3", "kW", "kW1", "kW2", "kW3", "pf", "hz", "kWhImport", "kWhExport")
SERIES = {"dataType": {"type": "DOUBLE"}, "isTimeSeries": True, "isStoredExternally": True}
DEFINITIONS: dict[str, t.Any] = {"panelId": IDENTIFIER, "meterId": IDENTIFIER, **dict.fromkeys(MEASURED, SERIES)}
UPDATED = datetime.datetime(2026, 11, 1, tzinfo=datetime.timezone.utc)


def entries(count: int, areas: int = AREAS, panels: int = PANELS) -> list[dict[str, t.Any]]:
    """A site, areas, panels, and below these entities with a meter each: four levels."""
    site = {"entity_id": "site-1", "name": "Site"}
    parents = min(areas, count - 1), min(panels, max(0, count - 1 - areas))
    in_areas = [{"entity_id": f"area-{number}", "name": f"Area {number}", "parent_entity_id": "site-1"} for number in range(parents[0])]
    in_panels = [
        {"entity_id": f"panel-{number}", "name": f"Panel {number}", "parent_entity_id": f"area-{number % areas}"}
        for number in range(parents[1])
    ]
    return [site, *in_areas, *in_panels, *(_meter(number, panels) for number in range(count - 1 - sum(parents)))]


def _meter(number: int, panels: int) -> dict[str, t.Any]:
    properties = {"panelId": f"panel-{number % panels}", "meterId": str(number)}
    return {
        "entity_id": f"meter-{number}",
        "name": f"Meter {number}",
        "parent_entity_id": f"panel-{number % panels}",
        "components": {"meter": {"componentTypeId": METER, "properties": properties}},
    }


def answer(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    """GetEntity's answer: every property of the type with its definition, as AWS repeats it."""
    components = {
        name: {
            "componentName": name,
            "componentTypeId": component["componentTypeId"],
            "status": {"state": "ACTIVE", "error": {}},
            "properties": {
                key: {
                    "definition": {**definition, "isInherited": True},
                    **({"value": {"stringValue": component["properties"][key]}} if key in component["properties"] else {}),
                }
                for key, definition in DEFINITIONS.items()
            },
        }
        for name, component in entry.get("components", {}).items()
    }
    return {**summary(entry), "components": components}


def summary(entry: dict[str, t.Any]) -> dict[str, t.Any]:
    return {
        "entityId": entry["entity_id"],
        "entityName": entry["name"],
        "arn": f"{ARN}/entity/{entry['entity_id']}",
        "parentEntityId": entry.get("parent_entity_id", "$ROOT"),
        "description": "",
        "status": {"state": "ACTIVE", "error": {}},
        "creationDateTime": UPDATED,
        "updateDateTime": UPDATED,
    }


class Aws:
    """As much of TwinMaker's and of S3's client as a run in check mode needs. Answers are made when they are asked for."""

    def __init__(self, count: int, notes: bytes | None) -> None:
        self.meta = unittest.mock.Mock()
        self._entries = count
        self._notes = notes

    def get_workspace(self, **_request: t.Any) -> dict[str, t.Any]:
        return {"workspaceId": WORKSPACE, "arn": ARN, "creationDateTime": UPDATED}

    def get_component_type(self, **_request: t.Any) -> dict[str, t.Any]:
        return {"componentTypeId": METER, "propertyDefinitions": DEFINITIONS}

    def list_entities(self, nextToken: str = "0", **_request: t.Any) -> dict[str, t.Any]:
        start = int(nextToken)
        found = [summary(entry_at(number)) for number in range(start, min(start + PAGE, self._entries))]
        return {"entitySummaries": found, **({"nextToken": str(start + PAGE)} if start + PAGE < self._entries else {})}

    def get_entity(self, entityId: str, **_request: t.Any) -> dict[str, t.Any]:
        kind, _dash, number = entityId.partition("-")
        first = {"site": -1, "area": 1, "panel": 1 + AREAS, "meter": 1 + AREAS + PANELS}[kind]
        return answer(entry_at(0 if first < 0 else first + int(number)))

    def get_object(self, **_request: t.Any) -> dict[str, t.Any]:
        return {"Body": io.BytesIO(self._notes or b"")}


def entry_at(index: int) -> dict[str, t.Any]:
    """``entries(...)[index]`` for a plant that has more than the panels."""
    if index > AREAS + PANELS:
        return _meter(index - 1 - AREAS - PANELS, PANELS)
    return SMALL[index]


SMALL = entries(1 + AREAS + PANELS)


def notes_of(listed: list[dict[str, t.Any]]) -> bytes:
    """The record of a run that has found everything as it is wanted."""
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import record
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.changes import Options
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.model import ROOT
    from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import microseconds, wanted_entities

    aws = Aws(len(listed), None)
    digests = record.Digests({METER: aws.get_component_type()}, Options())
    wanted = wanted_entities(listed, ROOT, {METER: DEFINITIONS})
    notes = {one.entity_id: (microseconds(UPDATED), digests.of(one)) for one in wanted if one.components}
    return record.rendered(record.subject_of(aws.get_workspace(), ROOT), notes)


def main(count: int, there: bool, arguments: bytes, notes: bytes | None) -> None:
    """Runs the module in check mode; its result goes to the standard output, its peak memory (MiB) to the standard error."""
    from ansible.module_utils import basic
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

    from ansible_collections.energytwin.aws.plugins.modules import twinmaker_entities

    basic._ANSIBLE_ARGS, basic._ANSIBLE_PROFILE = arguments, "legacy"
    aws = Aws(count if there else 0, notes)
    setattr(AnsibleAWSModule, "client", lambda self, service, **settings: aws)  # noqa: B010
    try:
        twinmaker_entities.main()
    except SystemExit:
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)


if __name__ == "__main__":
    files = pathlib.Path(sys.argv[3])
    record_file = files / "record"
    main(
        int(sys.argv[1]),
        sys.argv[2] != "missing",
        (files / "arguments").read_bytes(),
        record_file.read_bytes() if sys.argv[2] == "recorded" else None,
    )
