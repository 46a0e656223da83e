# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Property values: those that entities hold, and those that connectors read and write."""

from __future__ import annotations

import typing as t

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.twinmaker import components, connector, timestamps
from local_cloud.services.twinmaker.components import Found
from local_cloud.services.twinmaker.connector import Connectors
from local_cloud.services.twinmaker.definitions import (
    ATTRIBUTE_READER,
    WRITER,
    ComponentTypes,
    is_external,
    is_implemented,
)
from local_cloud.services.twinmaker.entities import component_address
from local_cloud.services.twinmaker.errors import connector_failure, invalid, missing, not_implemented
from local_cloud.services.twinmaker.paging import TokenTooLong
from local_cloud.services.twinmaker.records import Records
from local_cloud.services.twinmaker.timestamps import Moment

# What the event of a recorded call holds where the caller gave no maxResults.
_EVENT_MAX_RESULTS: t.Final = 100
_PASSED_ON = ("propertyFilters", "interpolation")


class Target(t.NamedTuple):
    """What a call reads or writes: a component of an entity, or a component type (then there is no entity)."""

    entity_id: str | None
    found: Found

    def reference(self, name: str) -> dict[str, t.Any]:
        """EntityPropertyReference of a property."""
        if self.entity_id is None:
            return {"propertyName": name}
        return {"entityId": self.entity_id, **self.address, "propertyName": name}

    @property
    def address(self) -> dict[str, str]:
        if not self.found.path:
            return {"componentName": self.found.name}
        return {"componentName": self.found.path.rpartition("/")[2], "componentPath": f"{self.found.name}/{self.found.path}"}


class PropertyValues:
    def __init__(self, records: Records, connectors: Connectors) -> None:
        self._records = records
        self._connectors = connectors

    def get_latest(self, request: Request) -> Answer:
        parameters = request.parameters
        if "propertyGroupName" in parameters or "tabularConditions" in parameters:
            raise not_implemented("tabular property values")
        workspace = self._records.workspace(parameters["workspaceId"])
        types = self._records.types(parameters["workspaceId"])
        target = self._target(parameters, types)
        flat = types.flat(target.found.type_id)
        properties = components.effective_responses(target.found.part, flat)
        selected = parameters["selectedProperties"]
        _require_defined(selected, properties, target.found.type_id)
        can_read = is_implemented(flat.functions.get(ATTRIBUTE_READER, {}))
        external = [name for name in selected if is_external(properties[name]["definition"]) and can_read]
        values = {name: properties[name]["value"] for name in selected if "value" in properties[name]}
        if external:
            if target.entity_id is None:
                raise invalid(f"Property {external[0]} is stored externally: it has a value only for an entityId and a component")
            values.update(self._read(workspace.get("role"), target, flat, properties, external, parameters["workspaceId"]))
        answers = {
            name: {"propertyReference": target.reference(name), **({"propertyValue": values[name]} if name in values else {})}
            for name in selected
        }
        return {"propertyValues": answers}

    def _read(
        self,
        role: str | None,
        target: Target,
        flat: t.Any,
        properties: dict[str, dict[str, t.Any]],
        selected: list[str],
        workspace_id: str,
    ) -> dict[str, t.Any]:
        arn, required = connector.chosen(flat, target.found.type_id, [ATTRIBUTE_READER], "attributes")
        connector.require_values(required, properties, target.found.type_id)
        event = {
            "workspaceId": workspace_id,
            "entityId": target.entity_id,
            **target.address,
            "selectedProperties": selected,
            "properties": properties,
        }
        found = connector.latest(self._connectors.call(role, arn, event), arn)
        return {name: value for name, value in found.items() if name in selected}

    def get_history(self, request: Request) -> Answer:
        parameters = request.parameters
        workspace_id = parameters["workspaceId"]
        workspace = self._records.workspace(workspace_id)
        types = self._records.types(workspace_id)
        target = self._target(parameters, types)
        flat = types.flat(target.found.type_id)
        properties = components.effective_responses(target.found.part, flat)
        _require_defined(parameters["selectedProperties"], properties, target.found.type_id)
        for name in parameters["selectedProperties"]:
            if not properties[name]["definition"]["isTimeSeries"]:
                raise invalid(f"Property {name} of component type {target.found.type_id} is not a time series: it has no history")
        start, end = _bound(parameters, "start"), _bound(parameters, "end")
        if start.nanoseconds > end.nanoseconds:
            raise invalid(f"startTime {start.text} is after endTime {end.text}")
        mode = "dataReaderByComponentType" if target.entity_id is None else "dataReaderByEntity"
        what = "a component type" if target.entity_id is None else "an entity"
        arn, required = connector.chosen(flat, target.found.type_id, [mode, "dataReader"], f"the history of {what}")
        connector.require_values(required, properties, target.found.type_id)
        event = {
            "workspaceId": workspace_id,
            **({"entityId": target.entity_id, **target.address} if target.entity_id is not None else {}),
            "componentTypeId": target.found.type_id,
            "selectedProperties": parameters["selectedProperties"],
            "properties": properties,
            "startTime": start.text,
            "endTime": end.text,
            "startDateTime": start.seconds,
            "endDateTime": end.seconds,
            "maxResults": parameters.get("maxResults") or _EVENT_MAX_RESULTS,
            "orderByTime": parameters.get("orderByTime", "ASCENDING"),
            **{name: parameters[name] for name in _PASSED_ON if name in parameters},
            "nextToken": self._records.tokens.open(request),
        }
        entries, token = connector.history(self._connectors.call(workspace.get("role"), arn, event), arn)
        answer: Answer = {"propertyValues": [self._with_external_ids(workspace_id, entry, types) for entry in entries]}
        if token is not None:
            try:
                answer["nextToken"] = self._records.tokens.seal(request, token)
            except TokenTooLong as error:
                raise connector_failure(f"The nextToken of the function {arn} is too long: encrypted it has {error}") from error
        return answer

    def _with_external_ids(self, workspace_id: str, entry: dict[str, t.Any], types: ComponentTypes) -> dict[str, t.Any]:
        """The entry with the external ids of its component, where the function named entity and component."""
        reference = entry["entityPropertyReference"]
        address = reference.get("componentPath") or reference.get("componentName")
        if "entityId" not in reference or address is None or "externalIdProperty" in reference:
            return entry
        entity = self._records.find_entity(workspace_id, reference["entityId"])
        if entity is None or address.partition("/")[0] not in entity["components"]:
            return entry
        found = components.find(entity["components"], address, types, entity["entityId"])
        external = components.external_ids(found.part, types.flat(found.type_id))
        return {**entry, "entityPropertyReference": {**reference, "externalIdProperty": external}} if external else entry

    def put(self, request: Request) -> Answer:
        parameters = request.parameters
        workspace_id = parameters["workspaceId"]
        workspace = self._records.workspace(workspace_id)
        types = self._records.types(workspace_id)
        events: dict[str, dict[str, t.Any]] = {}
        for number, entry in enumerate(parameters["entries"]):
            self._add_write(events, workspace_id, types, str(number), entry)
        failed: list[dict[str, t.Any]] = []
        for arn, event in events.items():
            failed.extend(self._write(workspace.get("role"), arn, event, parameters["entries"]))
        return {"errorEntries": [{"errors": [error]} for error in failed]}

    def _add_write(
        self, events: dict[str, dict[str, t.Any]], workspace_id: str, types: ComponentTypes, entry_id: str, entry: dict[str, t.Any]
    ) -> None:
        """Adds an entry to the event of the function that writes it."""
        reference = entry["entityPropertyReference"]
        target = self._written(workspace_id, reference, types)
        flat = types.flat(target.found.type_id)
        properties = components.effective_responses(target.found.part, flat)
        name = reference["propertyName"]
        _require_defined([name], properties, target.found.type_id)
        if not properties[name]["definition"]["isTimeSeries"]:
            raise invalid(f"Property {name} of component type {target.found.type_id} is not a time series")
        points = [_written_point(point) for point in entry.get("propertyValues", [])]
        arn, required = connector.chosen(flat, target.found.type_id, [WRITER], "writing values")
        connector.require_values(required, properties, target.found.type_id)
        event = events.setdefault(arn, {"workspaceId": workspace_id, "properties": {}, "entries": []})
        event["properties"].setdefault(target.entity_id, {}).update(properties)
        event["entries"].append({"entryId": entry_id, "entityPropertyReference": target.reference(name), "propertyValues": points})

    def _write(self, role: str | None, arn: str, event: dict[str, t.Any], entries: list[t.Any]) -> list[dict[str, t.Any]]:
        try:
            return connector.write_errors(self._connectors.call(role, arn, event), arn)
        except ApiError as error:
            if not error.code.startswith("Connector"):
                raise
            # The operation declares no connector errors; what a function did not take is an error of each of its entries.
            written = [entries[int(entry["entryId"])] for entry in event["entries"]]
            return [{"errorCode": error.code, "errorMessage": error.message, "entry": entry} for entry in written]

    def _written(self, workspace_id: str, reference: dict[str, t.Any], types: ComponentTypes) -> Target:
        if "entityId" in reference:
            entity = self._records.entity(workspace_id, reference["entityId"])
            return Target(
                entity["entityId"], components.find(entity["components"], component_address(reference), types, entity["entityId"])
            )
        wanted = reference.get("externalIdProperty")
        if not wanted:
            raise invalid("entityPropertyReference needs an entityId and a component, or an externalIdProperty")
        listing = self._records.entities_with(workspace_id, components.external_reference(next(iter(wanted.values()))))
        for _unused, entity in listing("", -1):
            for found in components.every(entity["components"], types):
                if wanted.items() <= components.external_ids(found.part, types.flat(found.type_id)).items():
                    return Target(entity["entityId"], found)
        raise missing("Component", f"with external ids {wanted}")

    def _target(self, parameters: dict[str, t.Any], types: ComponentTypes) -> Target:
        """Exactly one address: an entity and its component, or a component type."""
        entity_id, type_id = parameters.get("entityId"), parameters.get("componentTypeId")
        if (entity_id is None) == (type_id is None):
            raise invalid("Either entityId with componentName or componentPath, or componentTypeId must be given")
        if entity_id is None:
            if "componentName" in parameters or "componentPath" in parameters:
                raise invalid("componentName and componentPath need an entityId")
            self._records.component_type(parameters["workspaceId"], str(type_id))
            return Target(None, Found("", "", str(type_id), {}))
        entity = self._records.entity(parameters["workspaceId"], entity_id)
        return Target(entity_id, components.find(entity["components"], component_address(parameters), types, entity_id))


def _require_defined(names: list[str], properties: dict[str, t.Any], type_id: str) -> None:
    for name in names:
        if name not in properties:
            raise invalid(f"Property {name} is not defined in component type {type_id}")


def _bound(parameters: dict[str, t.Any], side: str) -> Moment:
    """The start or the end of the range, from its ISO 8601 form or from the deprecated epoch seconds."""
    text, epoch = parameters.get(f"{side}Time"), parameters.get(f"{side}DateTime")
    if (text is None) == (epoch is None):
        raise invalid(f"Exactly one of {side}Time and {side}DateTime must be given")
    return timestamps.from_epoch(float(t.cast(float, epoch))) if text is None else timestamps.from_text(text, f"{side}Time")


def _written_point(point: dict[str, t.Any]) -> dict[str, t.Any]:
    if ("time" in point) == ("timestamp" in point):
        raise invalid("A property value needs exactly one of time and timestamp")
    if "time" in point:
        moment = timestamps.from_text(point["time"], "time")
        return {"time": moment.text, "timestamp": moment.seconds, "value": point["value"]}
    moment = timestamps.from_epoch(point["timestamp"])
    return {"time": moment.text, "timestamp": moment.seconds, "value": point["value"]}
