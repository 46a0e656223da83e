#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_property_value_info
short_description: Read time series through an AWS IoT TwinMaker workspace
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads the values of time-series properties with C(GetPropertyValueHistory), that is through the data connector of the component type,
    for one or many components or for all components of a type.
  - Gives plain numbers and texts, and times as ISO 8601 in UTC with milliseconds.
extends_documentation_fragment:
  - energytwin.aws.attributes.info_module
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  workspace_id:
    description: The workspace.
    type: str
    required: true
  components:
    description: The components to read. They are read at the same time.
    type: list
    elements: dict
    suboptions:
      entity_id:
        description: The entity.
        type: str
        required: true
      component_name:
        description: The component of the entity.
        type: str
        required: true
  component_type_id:
    description: Reads all components of this type, in one query.
    type: str
  selected_properties:
    description: The properties to read. By default all time series of the component or the type.
    type: list
    elements: str
  start_time:
    description:
      - The begin, as V(now), relative to now (V(-90s), V(-15m), V(-1h), V(-7d), V(-2w)) or in ISO 8601 with a zone.
      - Whether a value at the very begin is part of the answer depends on the data connector.
    type: str
    default: -1h
    aliases: [from]
  end_time:
    description: The end, as O(start_time).
    type: str
    default: now
    aliases: [to]
  order:
    description: The order of the values in time.
    type: str
    choices: [ascending, descending]
    default: ascending
  latest:
    description: Whether to give only the newest value of each property in the time span. O(order) and O(limit) are then without effect.
    type: bool
    default: false
  limit:
    description: The most values of each property. By default all in the time span.
    type: int
  max_results:
    description: How many values of each property the data connector is asked for at a time, 200 at most. All pages are read.
    type: int
    default: 200
  interpolation_seconds:
    description: Asks the data connector for values at this distance, by linear interpolation.
    type: int
  property_filters:
    description: Filters on values, for the data connector.
    type: list
    elements: dict
    suboptions:
      property_name:
        description: The property.
        type: str
        required: true
      operator:
        description: The operator, as the data connector knows it.
        type: str
        required: true
      value:
        description: The value in the form of the API.
        type: dict
        required: true
  concurrency:
    description: How many components to read at once.
    type: int
    default: 4
seealso:
  - module: energytwin.aws.twinmaker_entities
"""

EXAMPLES = r"""
- name: The last reading of two meters
  energytwin.aws.twinmaker_property_value_info:
    workspace_id: example-plant_workspace
    components:
      - {entity_id: mech-rooftop, component_name: meter-5}
      - {entity_id: mech-rooftop, component_name: meter-6}
    selected_properties: [v1, i1, kW]
    latest: true

- name: A day of all properties of a meter, a value for every quarter of an hour
  energytwin.aws.twinmaker_property_value_info:
    workspace_id: example-plant_workspace
    components:
      - {entity_id: mech-rooftop, component_name: meter-5}
    start_time: "2026-11-22T00:00:00Z"
    end_time: "2026-11-23T00:00:00+00:00"
    interpolation_seconds: 900

- name: Which meters of the site draw more than 40 kW
  energytwin.aws.twinmaker_property_value_info:
    workspace_id: example-plant_workspace
    component_type_id: com.example.energymeter
    selected_properties: [kW]
    property_filters:
      - property_name: kW
        operator: ">"
        value: {doubleValue: 40.0}
    start_time: -15m
    limit: 1
"""

RETURN = r"""
components:
  description: What was read, in the order of O(components).
  returned: always
  type: list
  elements: dict
  contains:
    entity_id:
      description: The entity. None if the data connector does not know it.
      type: str
      returned: always
      sample: mech-rooftop
    component_name:
      description: The component. None if the data connector does not know it.
      type: str
      returned: always
      sample: meter-5
    external_ids:
      description: The values of the component's properties that are ids elsewhere.
      type: dict
      returned: always
      sample: {panelId: mech-rooftop, meterId: "5"}
    properties:
      description: The values by property, in the order of O(order). A property without a value in the time span may be missing.
      type: dict
      returned: always
      sample: {kW: [{time: "2026-11-23T10:00:00.250Z", value: 12.5}]}
start_time:
  description: The begin that was asked for.
  returned: always
  type: str
  sample: "2026-11-23T09:00:00.000Z"
end_time:
  description: The end that was asked for.
  returned: always
  type: str
  sample: "2026-11-23T10:00:00.000Z"
"""

import datetime
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, listed
from ansible_collections.energytwin.aws.plugins.module_utils._times import iso, moment
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import checks
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.history import Subject
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.read_history import Query, read_histories
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.values import data_value

MAX_RESULTS = 200


def subjects(parameters: dict[str, t.Any]) -> list[Subject]:
    if parameters["component_type_id"] is not None:
        checks.check({"component_type_id": (checks.COMPONENT_TYPE_ID, parameters["component_type_id"])})
        return [Subject(component_type_id=parameters["component_type_id"])]
    for index, item in enumerate(parameters["components"]):
        checks.check(
            {
                f"components[{index}].entity_id": (checks.ENTITY_ID, item["entity_id"]),
                f"components[{index}].component_name": (checks.NAME, item["component_name"]),
            }
        )
    return [Subject(item["entity_id"], item["component_name"]) for item in parameters["components"]]


def query(parameters: dict[str, t.Any], now: datetime.datetime) -> Query:
    """What to ask, from the options. Raises Refused for what cannot be asked."""
    start, end = (moment(parameters[option], now, option) for option in ("start_time", "end_time"))
    if start >= end:
        raise Refused(f"start_time: {iso(start)} is not before end_time {iso(end)}; choose an earlier begin.")
    checks.check_least_one(
        {
            name: parameters[name]
            for name in ("limit", "max_results", "interpolation_seconds", "concurrency")
            if parameters[name] is not None
        }
    )
    if parameters["max_results"] > MAX_RESULTS:
        raise Refused(f"max_results: {parameters['max_results']} is more than AWS takes; use {MAX_RESULTS} at most (all pages are read).")
    properties = parameters["selected_properties"]
    if properties is not None and (not properties or len(set(properties)) < len(properties)):
        raise Refused(f"selected_properties: [{listed(properties)}] is empty or names a property twice; name each one once.")
    latest, limit = parameters["latest"], parameters["limit"]
    request: dict[str, t.Any] = {
        "startTime": iso(start),
        "endTime": iso(end),
        "orderByTime": "DESCENDING" if latest else parameters["order"].upper(),
        "maxResults": 1 if latest else min(parameters["max_results"], limit or MAX_RESULTS),
    }
    if parameters["interpolation_seconds"] is not None:
        request["interpolation"] = {"interpolationType": "LINEAR", "intervalInSeconds": parameters["interpolation_seconds"]}
    if parameters["property_filters"]:
        request["propertyFilters"] = [
            {
                "propertyName": item["property_name"],
                "operator": item["operator"],
                "value": data_value(item["value"], f"property_filters[{index}].value"),
            }
            for index, item in enumerate(parameters["property_filters"])
        ]
    return Query(request, properties, None if latest else limit, latest)


def work(module: AnsibleAWSModule) -> dict[str, t.Any]:
    parameters = module.params
    checks.check({"workspace_id": (checks.WORKSPACE_ID, parameters["workspace_id"])})
    asked, wanted = subjects(parameters), query(parameters, datetime.datetime.now(datetime.timezone.utc))
    client = connect(module, "iottwinmaker", parameters["concurrency"])
    found = read_histories(client, parameters["workspace_id"], asked, wanted, parameters["concurrency"])
    return {"changed": False, "components": found, "start_time": wanted.request["startTime"], "end_time": wanted.request["endTime"]}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "components": {
                "type": "list",
                "elements": "dict",
                "options": {"entity_id": {"type": "str", "required": True}, "component_name": {"type": "str", "required": True}},
            },
            "component_type_id": {"type": "str"},
            "selected_properties": {"type": "list", "elements": "str"},
            "start_time": {"type": "str", "default": "-1h", "aliases": ["from"]},
            "end_time": {"type": "str", "default": "now", "aliases": ["to"]},
            "order": {"type": "str", "choices": ["ascending", "descending"], "default": "ascending"},
            "latest": {"type": "bool", "default": False},
            "limit": {"type": "int"},
            "max_results": {"type": "int", "default": 200},
            "interpolation_seconds": {"type": "int"},
            "property_filters": {
                "type": "list",
                "elements": "dict",
                "options": {
                    "property_name": {"type": "str", "required": True},
                    "operator": {"type": "str", "required": True},
                    "value": {"type": "dict", "required": True},
                },
            },
            "concurrency": {"type": "int", "default": 4},
        },
        mutually_exclusive=[("components", "component_type_id")],
        required_one_of=[("components", "component_type_id")],
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
