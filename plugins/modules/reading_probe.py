#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reading_probe
short_description: Send a marked reading per meter through the whole chain and read it back through the twin
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Publishes one marked reading per meter over MQTT with a device certificate of its own, waits for it in the store, and reads
    it back with C(GetPropertyValueHistory) from the right entity and component.
  - The marked reading holds the property V(probe) only, which no dashboard shows, so that no real figure is touched.
  - When a reading does not arrive, the module fails and says at which hop it stopped (broker, rule, store, reader or twin),
    what is known of the cause, and what to look at.
  - Leaves no certificate, policy or device behind.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details: Publishes nothing in check mode.
  diff_mode:
    support: full
    details: The probe changes nothing that is described, so the diff is always empty.
  idempotent:
    support: full
    details: The marked readings are no change of the site, so the module never reports one.
requirements:
  - paho-mqtt >= 2.0
options:
  meters:
    description: The meters, as the filter P(energytwin.aws.site_meters#filter) gives them; further keys are ignored.
    type: list
    elements: dict
    required: true
  topic:
    description: The MQTT topic of the site.
    type: str
    required: true
  workspace_id:
    description: The TwinMaker workspace.
    type: str
    required: true
  rule_name:
    description: The topic rule that takes the readings.
    type: str
    required: true
  database_name:
    description: Timestream database that holds the readings. Without it they are in DynamoDB.
    type: str
  table_name:
    description: Table of Timestream or DynamoDB that holds the readings.
    type: str
    required: true
  reader_function:
    description: Name of the Lambda function that reads the store for TwinMaker.
    type: str
    required: true
  error_bucket:
    description: Bucket that the rule's error action writes to; it tells why a reading was not stored.
    type: str
  mqtt_port:
    description: Port of the broker. By default the one that AWS IoT Core names, else V(8883).
    type: int
  ca_file:
    description: File with the root certificate of the broker. By default the certificates that the system trusts, which include Amazon's.
    type: path
  timeout:
    description: Seconds for publishing, and again for the way of the readings from the rule to the twin.
    type: int
    default: 120
seealso:
  - module: energytwin.aws.reading_publish
"""

EXAMPLES = r"""
- name: Prove that every meter of the site is alive
  energytwin.aws.reading_probe:
    meters:
      - panel_id: mech-rooftop
        meter_id: "5"
        entity_id: mech-rooftop
        component_name: meter-5
    topic: energy/example-plant
    workspace_id: example-plant_workspace
    rule_name: example_plant_IoTToTimestream
    database_name: example-plant_db
    table_name: example-plant_energy
    reader_function: example-plant-EnergyReadLambda
    error_bucket: example-plant-errors
"""

RETURN = r"""
readings:
  description: The marked readings that came back through the twin.
  returned: always
  type: list
  elements: dict
  contains:
    panel_id:
      description: The panel.
      type: str
      returned: always
      sample: mech-rooftop
    meter_id:
      description: The meter in the panel.
      type: str
      returned: always
      sample: "5"
    entity_id:
      description: The entity it was read from.
      type: str
      returned: always
      sample: mech-rooftop
    component_name:
      description: The component it was read from.
      type: str
      returned: always
      sample: meter-5
    timestamp:
      description: When it was made, in Unix milliseconds.
      type: int
      returned: always
      sample: 1795400000000
    value:
      description: The value of the property V(probe).
      type: float
      returned: always
      sample: 417.25
failures:
  description: The readings that did not come back.
  returned: failure
  type: list
  elements: dict
  contains:
    panel_id:
      description: The panel.
      type: str
      returned: always
      sample: mech-rooftop
    meter_id:
      description: The meter in the panel.
      type: str
      returned: always
      sample: "5"
    hop:
      description: Where the reading stopped.
      type: str
      returned: always
      sample: rule
    cause:
      description: What is known of the cause.
      type: str
      returned: always
      sample: the topic rule 'example_plant_IoTToTimestream' is disabled
    remedy:
      description: What to do or to look at.
      type: str
      returned: always
      sample: enable it (module iot_topic_rule, or role stack does it)
hop:
  description: The first hop at which a reading stopped.
  returned: failure
  type: str
  sample: rule
"""

import dataclasses
import random
import time

from ansible_collections.energytwin.aws.plugins.module_utils._reading.marked import Failure, mark
from ansible_collections.energytwin.aws.plugins.module_utils._reading.task import reading_module, sending
from ansible_collections.energytwin.aws.plugins.module_utils._reading.trace import Path, Tracer

SHOWN_FAULTS = 3


def summary(failures: list[Failure], total: int) -> str:
    """One sentence for each of the first faults, told of one reading, and how many readings met it."""
    by_fault: dict[tuple[str, ...], list[Failure]] = {}
    for failure in failures:
        by_fault.setdefault((failure.hop.value, failure.cause, failure.remedy), []).append(failure)
    told = [
        same[0].sentence() + (f" (the same for {len(same) - 1} more)" if len(same) > 1 else "")
        for same in list(by_fault.values())[:SHOWN_FAULTS]
    ]
    return f"{len(failures)} of {total} marked readings did not come back through the twin: {'. '.join(told)}."


def main() -> None:
    module = reading_module(
        {
            "meters": {"type": "list", "elements": "dict", "required": True},
            "topic": {"type": "str", "required": True},
            "workspace_id": {"type": "str", "required": True},
            "rule_name": {"type": "str", "required": True},
            "database_name": {"type": "str"},
            "table_name": {"type": "str", "required": True},
            "reader_function": {"type": "str", "required": True},
            "error_bucket": {"type": "str"},
        }
    )
    parameters = module.params
    incomplete = [meter for meter in parameters["meters"] if not {"panel_id", "meter_id", "entity_id", "component_name"} <= meter.keys()]
    if incomplete:
        module.fail_json(
            msg=f"meters: {incomplete[0]} lacks panel_id, meter_id, entity_id or component_name; give what the filter site_meters makes."
        )
    if module.check_mode:
        module.exit_json(changed=False, readings=[], diff={"before": {}, "after": {}})
    readings = mark(parameters["meters"], now_ms=int(time.time() * 1000), value=round(random.uniform(1, 1000), 6))
    with sending(module, parameters["topic"]) as send:
        send([reading.payload() for reading in readings])
    path = Path(
        topic=parameters["topic"],
        rule_name=parameters["rule_name"],
        database_name=parameters["database_name"],
        table_name=parameters["table_name"],
        reader_function=parameters["reader_function"],
        workspace_id=parameters["workspace_id"],
        error_bucket=parameters["error_bucket"],
    )
    failures = Tracer(module.client, path).follow(readings, timeout=parameters["timeout"])
    failed = {id(failure.reading) for failure in failures}
    arrived = [dataclasses.asdict(reading) for reading in readings if id(reading) not in failed]
    if failures:
        module.fail_json(
            msg=summary(failures, len(readings)),
            readings=arrived,
            hop=failures[0].hop.value,
            failures=[
                {
                    "panel_id": failure.reading.panel_id,
                    "meter_id": failure.reading.meter_id,
                    "hop": failure.hop.value,
                    "cause": failure.cause,
                    "remedy": failure.remedy,
                }
                for failure in failures
            ],
        )
    module.exit_json(changed=False, readings=arrived, diff={"before": {}, "after": {}})


if __name__ == "__main__":
    main()
