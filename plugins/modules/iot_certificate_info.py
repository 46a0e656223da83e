#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iot_certificate_info
short_description: Find device certificates of AWS IoT Core by the name in them
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Finds the certificates whose subject has a common name, such as those that M(energytwin.aws.iot_certificate) has had signed for a device.
  - A run that was stopped between having a certificate signed and attaching it leaves one that no thing knows. This module finds it.
  - Looks at every certificate of the account, which takes one API call each.
requirements:
  - cryptography
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.info_module
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  common_names:
    description: The common names, which are the names of things where role P(energytwin.aws.edge_gateway#role) has made the requests.
    type: list
    elements: str
    required: true
  attached:
    description: Whether the certificates are attached to a thing or a policy. Both, if this is not given.
    type: bool
  concurrency:
    description: How many certificates are read at once.
    type: int
    default: 8
seealso:
  - module: energytwin.aws.iot_certificate
"""

EXAMPLES = r"""
- name: Find certificates of a gateway that nothing knows
  energytwin.aws.iot_certificate_info:
    common_names: [gw-roof]
    attached: false
  register: found

- name: Delete them
  energytwin.aws.iot_certificate:
    certificate_id: "{{ item.id }}"
    state: absent
    force: true
  loop: "{{ found.certificates }}"
  loop_control:
    label: "{{ item.id }}"
"""

RETURN = r"""
certificates:
  description: The certificates that were found, newest first, each as M(energytwin.aws.iot_certificate) returns it.
  returned: always
  type: list
  elements: dict
  sample:
    - id: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
      arn: arn:aws:iot:eu-central-1:123456789012:cert/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
      pem: "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n"
      status: active
      things: []
      policies: []
      created: "2026-11-23T10:00:00Z"
"""

import typing as t

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, in_parallel, run
from ansible_collections.energytwin.aws.plugins.module_utils._iot import certificates, registry

Answer = dict[str, t.Any]


def work(module: AnsibleAWSModule) -> Answer:
    if certificates.CRYPTOGRAPHY_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("cryptography"), exception=certificates.CRYPTOGRAPHY_IMPORT_ERROR)
    concurrency, names, attached = module.params["concurrency"], module.params["common_names"], module.params["attached"]
    client = connect(module, "iot", concurrency)
    ids = [item["certificateId"] for item in registry.newest_certificates(client)] if names else []
    described = in_parallel(lambda one: registry.describe_certificate(client, one), ids, concurrency)
    named = [one for one in described if one and certificates.common_name_of(one["certificatePem"]) in names]
    found = [(one, registry.read_state(client, one)) for one in named]
    shown = [certificates.shown(one, state) for one, state in found if attached in (None, bool(state.things or state.policies))]
    return {"changed": False, "certificates": shown}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "common_names": {"type": "list", "elements": "str", "required": True},
            "attached": {"type": "bool"},
            "concurrency": {"type": "int", "default": 8},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
