#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iot_endpoint_info
short_description: Find where devices connect to AWS IoT Core
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Asks for the endpoint that devices publish to in this account and region.
extends_documentation_fragment:
  - energytwin.aws.attributes.info_module
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Find the endpoint
  energytwin.aws.iot_endpoint_info: {}
  register: found

- name: Show it
  ansible.builtin.debug:
    msg: "Devices connect to {{ found.host }}:{{ found.port }}"
"""

RETURN = r"""
host:
  description: The name of the host.
  returned: success
  type: str
  sample: a1b2c3d4e5f6g7-ats.iot.eu-central-1.amazonaws.com
port:
  description: The port for MQTT over TLS with a device certificate.
  returned: success
  type: int
  sample: 8883
region:
  description: The region that was asked.
  returned: success
  type: str
  sample: eu-central-1
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._iot import registry

MQTT_PORT = 8883


def work(module: AnsibleAWSModule) -> dict[str, t.Any]:
    client = connect(module, "iot")
    host, _colon, port = registry.describe_endpoint(client).partition(":")
    return {"changed": False, "host": host, "port": int(port or MQTT_PORT), "region": client.meta.region_name}


def main() -> None:
    run(AnsibleAWSModule(argument_spec={}, supports_check_mode=True), work)


if __name__ == "__main__":
    main()
