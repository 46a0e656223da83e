#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: refused_reading_info
short_description: List the readings that a site's stack has refused
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Reads the error bucket of a stack and says who sent what was refused, what is wrong with it, and how often that was.
  - A message that the store and the rule for faulty readings have both refused counts once.
extends_documentation_fragment:
  - energytwin.aws.attributes.info_module
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  bucket:
    description: The error bucket, output C(ErrorBucketName) of the stack.
    type: str
    required: true
  start_time:
    description: Since when, as V(now), relative to now (V(-90s), V(-15m), V(-1h), V(-7d), V(-2w)) or in ISO 8601 with a zone.
    type: str
    default: -1d
    aliases: [from]
  limit:
    description: The most objects to read of each of the bucket's two folders, the oldest first.
    type: int
    default: 1000
  concurrency:
    description: How many objects to read at once.
    type: int
    default: 8
seealso:
  - module: energytwin.aws.twinmaker_property_value_info
"""

EXAMPLES = r"""
- name: What was refused since yesterday
  energytwin.aws.refused_reading_info:
    bucket: example-plant-errorbucket-1a2b3c
  register: refused

- name: Show it
  ansible.builtin.debug:
    msg: "{{ refused.table }}"
"""

RETURN = r"""
readings:
  description: Who sent what was refused and what is wrong with it, the most frequent first.
  returned: always
  type: list
  elements: dict
  contains:
    panel_id:
      description: The panel that the message names, or V(-).
      type: str
      returned: always
      sample: mech-rooftop
    meter_id:
      description: The meter that the message names, or V(-).
      type: str
      returned: always
      sample: "5"
    client_id:
      description: The MQTT client that sent it, or V(-).
      type: str
      returned: always
      sample: gw-roof
    reason:
      description: What is wrong with it, or the words of the store that refused it.
      type: str
      returned: always
      sample: "no number: kW"
    count:
      description: How many there were.
      type: int
      returned: always
      sample: 12
    first:
      description: When the first of them came.
      type: str
      returned: always
      sample: "2026-11-23T09:00:00.000Z"
    last:
      description: When the last of them came.
      type: str
      returned: always
      sample: "2026-11-23T10:00:00.250Z"
    example:
      description: The last of them as it came, 300 characters at most.
      type: str
      returned: always
      sample: '{"panelId": "mech-rooftop", "meterId": "5", "kW": "a lot"}'
table:
  description: The same as lines for people.
  returned: always
  type: list
  elements: str
complete:
  description: Whether the bucket holds no more than was read.
  returned: always
  type: bool
  sample: true
start_time:
  description: Since when was asked for.
  returned: always
  type: str
  sample: "2026-11-22T10:00:00.000Z"
"""

import dataclasses
import datetime
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._reading.refused import groups, read, table
from ansible_collections.energytwin.aws.plugins.module_utils._times import iso_of, moment


def work(module: AnsibleAWSModule) -> dict[str, t.Any]:
    parameters = module.params
    for name in ("limit", "concurrency"):
        if parameters[name] < 1:
            raise Refused(f"{name}: {parameters[name]} is too little; give 1 or more.")
    start = moment(parameters["start_time"], datetime.datetime.now(datetime.timezone.utc), "start_time")
    since = int(start.timestamp() * 1000)
    client = connect(module, "s3", parameters["concurrency"])
    refusals, complete = read(client, parameters["bucket"], since, parameters["limit"], parameters["concurrency"])
    found = groups(refusals)
    readings = [{**dataclasses.asdict(group), "first": iso_of(group.first), "last": iso_of(group.last)} for group in found]
    return {"changed": False, "readings": readings, "table": table(found), "complete": complete, "start_time": iso_of(since)}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "bucket": {"type": "str", "required": True},
            "start_time": {"type": "str", "default": "-1d", "aliases": ["from"]},
            "limit": {"type": "int", "default": 1000},
            "concurrency": {"type": "int", "default": 8},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
