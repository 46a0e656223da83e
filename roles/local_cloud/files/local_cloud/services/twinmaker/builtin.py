# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The component types that AWS owns and every workspace lists.

Definitions are those that the user guide documents. The others are listed too, but marked ``undocumented``: to use one is
refused, since nobody outside AWS can say how it would behave.
"""

from __future__ import annotations

import typing as t

NAMESPACE: t.Final = "com.amazon."
# AWS answers for these with the ARN of a workspace of its own, in any region; it is not an ARN that the API takes.
_ARN = "arn:aws:iottwinmaker:us-east-1:iotrociaccount:workspace/AmazonOwnedTypesWorkspace/component-type/"
_PUBLISHED = 1638230400.0  # 2021-11-30, when the service was announced

_ALARM_STATES = ("ACTIVE", "SNOOZE_DISABLED", "ACKNOWLEDGED", "NORMAL")
_DOCUMENTED: dict[str, dict[str, t.Any]] = {
    "com.amazon.iottwinmaker.alarm.basic": {
        "description": "Abstract alarm: extend it with a function that reads the alarms.",
        "functions": {"dataReader": {}},
        "propertyDefinitions": {
            "alarm_key": {"dataType": {"type": "STRING"}, "isExternalId": True, "isRequiredInEntity": True},
            "alarm_status": {
                "dataType": {"type": "STRING", "allowedValues": [{"stringValue": state} for state in _ALARM_STATES]},
                "isStoredExternally": True,
                "isTimeSeries": True,
            },
        },
    },
    "com.amazon.iottwinmaker.documents": {
        "description": "Titles and addresses of documents about an entity.",
        "propertyDefinitions": {"documents": {"dataType": {"type": "MAP", "nestedType": {"type": "STRING"}}}},
    },
    "com.amazon.iottwinmaker.parameters": {"description": "Static values that an entity defines for itself."},
}
_UNDOCUMENTED = (
    "com.amazon.athena.connector",
    "com.amazon.iotsitewise.alarm",
    "com.amazon.iotsitewise.connector",
    "com.amazon.iotsitewise.connector.edgevideo",
    "com.amazon.iotsitewise.resourcesync",
    "com.amazon.iottwinmaker.3d.component.animation",
    "com.amazon.iottwinmaker.3d.component.camera",
    "com.amazon.iottwinmaker.3d.component.dataoverlay",
    "com.amazon.iottwinmaker.3d.component.light",
    "com.amazon.iottwinmaker.3d.component.modelref",
    "com.amazon.iottwinmaker.3d.component.modelshader",
    "com.amazon.iottwinmaker.3d.component.motionindicator",
    "com.amazon.iottwinmaker.3d.component.submodelref",
    "com.amazon.iottwinmaker.3d.component.tag",
    "com.amazon.iottwinmaker.3d.layer",
    "com.amazon.iottwinmaker.3d.node",
    "com.amazon.iottwinmaker.3d.scene",
    "com.amazon.kvs.video",
)


def records() -> dict[str, dict[str, t.Any]]:
    """{component type id: record as of an own component type}."""
    return {type_id: found for type_id in (*_DOCUMENTED, *_UNDOCUMENTED) if (found := record(type_id))}


def record(type_id: str) -> dict[str, t.Any] | None:
    if type_id not in _DOCUMENTED and type_id not in _UNDOCUMENTED:
        return None
    return {
        "componentTypeId": type_id,
        "arn": _ARN + type_id,
        "creationDateTime": _PUBLISHED,
        "updateDateTime": _PUBLISHED,
        "state": "ACTIVE",
        "settlesAt": _PUBLISHED,
        "undocumented": type_id in _UNDOCUMENTED,
        **_DOCUMENTED.get(type_id, {}),
    }


def is_reserved(type_id: str) -> bool:
    return type_id.startswith(NAMESPACE)
