#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iot_thing
short_description: Manage a thing in AWS IoT Core's registry
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, changes and deletes a thing, the registry's entry of a device.
  - A thing that is there already, whoever made it, is taken over. Only the options that are given are compared and changed.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: The name of the thing, of letters, digits and V(:_-). It never changes. A device connects with it as its client id.
    type: str
    required: true
    aliases: [thing_name]
  state:
    description: Whether the thing is to be there.
    type: str
    choices: [present, absent]
    default: present
  attributes:
    description:
      - What is known of the device, texts without spaces. Without a thing type there are three at most.
      - Everybody who may read the registry can read them.
    type: dict
  purge_attributes:
    description: Whether attributes that O(attributes) does not name go. Without O(attributes) none does.
    type: bool
    default: true
  thing_type:
    description: The type of the thing, which must be there. An empty text takes it away.
    type: str
  detach:
    description: Whether O(state=absent) may detach the certificates that are attached to the thing. They stay, and stay as active as they are.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait until AWS has noticed that the certificates are detached.
    type: int
    default: 60
seealso:
  - module: energytwin.aws.iot_certificate
  - module: energytwin.aws.iot_policy
"""

EXAMPLES = r"""
- name: Register a gateway
  energytwin.aws.iot_thing:
    name: gw-roof
    attributes:
      site: example-plant

- name: Forget it, after its certificates were deleted
  energytwin.aws.iot_thing:
    name: gw-roof
    state: absent
"""

RETURN = r"""
thing:
  description: The thing as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      returned: always
      sample: gw-roof
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iot:eu-central-1:123456789012:thing/gw-roof
    attributes:
      description: The attributes.
      type: dict
      returned: always
      sample: {site: example-plant}
    thing_type:
      description: The type.
      type: str
      returned: if it has one
      sample: gateway
    certificates:
      description: The ids of the certificates that are attached to the thing.
      type: list
      elements: str
      returned: always
      sample: [0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef]
diff:
  description: The thing as it is and as it will be, in the shape of the options.
  returned: always
  type: dict
  contains:
    before:
      description: As it is. Empty if it is not there.
      type: dict
      returned: always
      sample: {}
    after:
      description: As it will be. Empty if it goes.
      type: dict
      returned: always
      sample: {attributes: {site: example-plant}}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - is not there
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, connect, poll, run
from ansible_collections.energytwin.aws.plugins.module_utils._iot import registry
from ansible_collections.energytwin.aws.plugins.module_utils._iot.things import change_thing, checked_attributes
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff, listed

Answer = dict[str, t.Any]

# How often another run may change the thing between our reading and our writing.
ATTEMPTS = 5


def shown(thing: Answer | None, principals: list[str]) -> Answer:
    """The thing as the result shows it."""
    if thing is None:
        return {}
    kind = {"thing_type": thing["thingTypeName"]} if thing.get("thingTypeName") else {}
    return {
        "name": thing["thingName"],
        "arn": thing["thingArn"],
        "attributes": thing.get("attributes", {}),
        **kind,
        "certificates": sorted(map(registry.certificate_id, principals)),
    }


def present(client: t.Any, parameters: Answer, check_mode: bool, attempts: int = ATTEMPTS) -> Answer:
    name = parameters["name"]
    attributes = checked_attributes(name, parameters["attributes"])
    thing = registry.describe_thing(client, name)
    change = change_thing(thing, attributes, parameters["thing_type"], parameters["purge_attributes"])
    if change.reasons and not check_mode:
        try:
            (registry.update_thing if thing else registry.create_thing)(client, name, change.members)
        except AwsError as error:
            # Another run was faster: what it made is compared anew.
            if attempts > 1 and error.code in ("VersionConflictException", "ResourceAlreadyExistsException"):
                return present(client, parameters, check_mode, attempts - 1)
            raise
        thing = registry.describe_thing(client, name)
    return {
        "changed": bool(change.reasons),
        "thing": shown(thing, registry.list_thing_principals(client, name) or [] if thing else []),
        "diff": as_diff(change.before, change.after),
        "reasons": change.reasons,
    }


def absent(client: t.Any, parameters: Answer, check_mode: bool) -> Answer:
    name = parameters["name"]
    thing = registry.describe_thing(client, name)
    if thing is None:
        return {"changed": False, "thing": {}, "diff": as_diff({}, {}), "reasons": []}
    principals = registry.list_thing_principals(client, name) or []
    if principals and not parameters["detach"]:
        raise Refused(
            f"Thing '{name}' has the certificate {listed(map(registry.certificate_id, principals))};"
            " delete it (iot_certificate) or set detach=true, then run again."
        )
    if not check_mode:
        for principal in principals:
            registry.detach_thing_principal(client, name, principal)
        _nothing, deleted = poll(
            lambda: registry.gone(lambda: registry.delete_thing(client, name), "InvalidRequestException"),
            bool,
            timeout=parameters["wait_timeout"],
        )
        if not deleted:
            raise Refused(f"Thing '{name}' still counts as attached after {parameters['wait_timeout']} seconds; run again in a minute.")
    before = shown(thing, principals)
    return {
        "changed": True,
        "thing": before if check_mode else {},
        "diff": as_diff({key: value for key, value in before.items() if key not in ("name", "arn")}, {}),
        "reasons": ["is not wanted"],
    }


def work(module: AnsibleAWSModule) -> Answer:
    client = connect(module, "iot")
    return (present if module.params["state"] == "present" else absent)(client, module.params, module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True, "aliases": ["thing_name"]},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "attributes": {"type": "dict"},
            "purge_attributes": {"type": "bool", "default": True},
            "thing_type": {"type": "str"},
            "detach": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
