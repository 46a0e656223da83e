#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reading_publish
short_description: Publish readings to AWS IoT Core as a device of its own
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Makes a device certificate whose policy allows one client id and one topic, publishes the readings over MQTT with
    mutual TLS and QoS 1, waits until the broker has confirmed each, and removes the certificate and the policy.
  - Takes the place of the MQTT test client of the AWS console.
  - What a run that was killed has left behind is removed by the next run an hour later; until then it can do nothing but
    publish to that topic.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details: Nothing that lasts is changed.
  idempotent:
    support: none
    details: Each run publishes.
requirements:
  - paho-mqtt >= 2.0
options:
  topic:
    description: The MQTT topic to publish to.
    type: str
    required: true
  readings:
    description:
      - The readings, each a dictionary that is published as one JSON message, as they are.
      - Their names are V(panelId), V(meterId), V(timestamp) (Unix milliseconds) and those of the measures.
    type: list
    elements: dict
    required: true
  mqtt_port:
    description: Port of the broker. By default the one that AWS IoT Core names, else V(8883).
    type: int
  ca_file:
    description: File with the root certificate of the broker. By default the certificates that the system trusts, which include Amazon's.
    type: path
  timeout:
    description: Seconds for connecting and publishing together.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Publish one reading
  energytwin.aws.reading_publish:
    topic: energy/example-plant
    readings:
      - panelId: mech-rooftop
        meterId: "5"
        timestamp: 1795400000000
        v1: 246.55
        i1: 0.0
        kW: 0.0
"""

RETURN = r"""
published:
  description: How many readings the broker has confirmed.
  returned: success
  type: int
  sample: 1
"""

import json

from ansible_collections.energytwin.aws.plugins.module_utils._reading.task import reading_module, sending


def main() -> None:
    module = reading_module(
        {
            "topic": {"type": "str", "required": True},
            "readings": {"type": "list", "elements": "dict", "required": True},
        }
    )
    payloads = [json.dumps(reading) for reading in module.params["readings"]]
    if not module.check_mode and payloads:
        with sending(module, module.params["topic"]) as send:
            send(payloads)
    module.exit_json(changed=bool(payloads), published=0 if module.check_mode else len(payloads))


if __name__ == "__main__":
    main()
