#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iot_policy
short_description: Manage an AWS IoT Core policy
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, changes and deletes a policy that says what devices may do.
  - A changed document becomes a new version, which is the default. Old versions are deleted where AWS has no room for another one.
  - A version that has the wanted document already is made the default again.
  - Documents are compared by their meaning. The order of statements and actions does not matter, nor whether one text stands in a list.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
options:
  name:
    description: The name of the policy. It never changes.
    type: str
    required: true
    aliases: [policy_name]
  state:
    description: Whether the policy is to be there.
    type: str
    choices: [present, absent]
    default: present
  document:
    description: The policy document. A new policy needs it.
    type: dict
  keep_versions:
    description: How many versions may stay, the default among them. The oldest others are deleted. AWS keeps five at most.
    type: int
    default: 5
  detach:
    description: Whether O(state=absent) may detach the policy from the certificates that it is attached to. Their devices then may do nothing.
    type: bool
    default: false
seealso:
  - module: energytwin.aws.iot_certificate
"""

EXAMPLES = r"""
- name: Let a gateway publish to its site's topic, and only under its own name
  energytwin.aws.iot_policy:
    name: meter-gateway-gw-roof
    document:
      Version: "2012-10-17"
      Statement:
        - Effect: Allow
          Action: iot:Connect
          Resource: "arn:aws:iot:eu-central-1:123456789012:client/${iot:Connection.Thing.ThingName}"
          Condition:
            Bool:
              iot:Connection.Thing.IsAttached: "true"
        - Effect: Allow
          Action: iot:Publish
          Resource: arn:aws:iot:eu-central-1:123456789012:topic/energy/example-plant

- name: No policy
  energytwin.aws.iot_policy:
    name: meter-gateway-gw-roof
    state: absent
"""

RETURN = r"""
policy:
  description: The policy as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    name:
      description: The name.
      type: str
      returned: always
      sample: meter-gateway-gw-roof
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iot:eu-central-1:123456789012:policy/meter-gateway-gw-roof
    document:
      description: The document of the default version.
      type: dict
      returned: always
      sample: {Version: "2012-10-17", Statement: []}
    default_version:
      description: The version that counts.
      type: str
      returned: always
      sample: "2"
    versions:
      description: All versions, the oldest first.
      type: list
      elements: str
      returned: always
      sample: ["1", "2"]
    tags:
      description: The tags.
      type: dict
      returned: always
      sample: {Site: example-plant}
diff:
  description: The policy as it is and as it will be, with documents written in one way.
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
      sample: {document: {Version: "2012-10-17", Statement: []}}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - the document changes
"""

import json
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, checked_tags, connect, run, tag_changes
from ansible_collections.energytwin.aws.plugins.module_utils._iot import api, registry
from ansible_collections.energytwin.aws.plugins.module_utils._iot.policies import (
    MAX_VERSIONS,
    VersionPlan,
    checked_document,
    normalised,
    parsed,
    plan_versions,
)
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff, listed

Answer = dict[str, t.Any]

# What another run's writes between our reading and our writing look like.
OVERTAKEN = ("ResourceAlreadyExistsException", "VersionsLimitExceededException", "ResourceNotFoundException")
ATTEMPTS = 3


def shown(client: t.Any, name: str, tags: dict[str, str]) -> Answer:
    """The policy as the result shows it."""
    policy = registry.get_policy(client, name)
    if policy is None:
        return {}
    versions = [version["versionId"] for version in registry.list_policy_versions(client, name)]
    return {
        "name": name,
        "arn": policy["policyArn"],
        "document": parsed(policy["policyDocument"]),
        "default_version": policy["defaultVersionId"],
        "versions": sorted(versions, key=int),
        "tags": tags,
    }


def picture(document: t.Any, versions: list[Answer], deleted: list[str], tags: dict[str, str] | None) -> Answer:
    """The policy as the diff shows it, with the versions that were there before the task. Tags that nobody asked for are left out."""
    left = sorted((version["versionId"] for version in versions if version["versionId"] not in deleted), key=int)
    return {"document": document, **({"earlier_versions": left} if left else {}), **({} if tags is None else {"tags": tags})}


def version_with(client: t.Any, name: str, versions: list[Answer], document: t.Any) -> str | None:
    """The newest version that is not the default and has this document."""
    for version in sorted(versions, key=lambda one: -int(one["versionId"])):
        if not version["isDefaultVersion"]:
            text = registry.get_policy_version(client, name, version["versionId"])
            if normalised(parsed(text)) == document:
                return str(version["versionId"])
    return None


def alter(client: t.Any, name: str, text: str, plan: VersionPlan) -> None:
    """Changes the versions of a policy that is there. At every moment the policy has a default."""
    for version in plan.room:
        registry.delete_policy_version(client, name, version)
    if plan.new:
        registry.create_policy_version(client, name, text)
    elif plan.default:
        registry.set_default_policy_version(client, name, plan.default)
    for version in plan.surplus:
        registry.delete_policy_version(client, name, version)


def present(client: t.Any, parameters: Answer, check_mode: bool, attempts: int = ATTEMPTS) -> Answer:
    name, document, wanted_tags = parameters["name"], parameters["document"], checked_tags(parameters["tags"])
    checked_document(name, document)
    policy = registry.get_policy(client, name)
    if policy is None and document is None:
        raise Refused(f"There is no policy '{name}', and to create it document must be given.")
    before = normalised(parsed(policy["policyDocument"])) if policy else None
    after = before if document is None else normalised(document)
    tags = api.list_tags(client, policy["policyArn"]) if policy else {}
    tag_change = tag_changes(tags, wanted_tags, parameters["purge_tags"])
    reasons = ["the document changes"] if policy and after != before else [] if policy else ["is not there"]
    versions = registry.list_policy_versions(client, name) if policy else []
    same = version_with(client, name, versions, after) if policy and after != before else None
    plan = plan_versions(versions, same, after != before, parameters["keep_versions"]) if policy else VersionPlan(True, None, [], [])
    if plan.surplus and after == before:
        reasons.append(f"has {len(versions)} versions, and is to have {parameters['keep_versions']} at most")
    reasons += tag_change.reasons() if policy else []
    diff = as_diff(
        picture(before, versions, [], tags if wanted_tags is not None else None) if policy else {},
        picture(after, versions, plan.room + plan.surplus, tag_change.applied(tags) if wanted_tags is not None else None),
    )
    if reasons and not check_mode:
        try:
            if policy is None:
                registry.create_policy(client, name, json.dumps(document), tag_change.to_set)
            else:
                alter(client, name, json.dumps(document), plan)
                api.write_tags(client, policy["policyArn"], tag_change)
        except AwsError as error:
            if attempts > 1 and error.code in OVERTAKEN:
                return present(client, parameters, check_mode, attempts - 1)
            raise
        tags = tag_change.applied(tags)
    return {"changed": bool(reasons), "policy": shown(client, name, tags), "diff": diff, "reasons": reasons}


def absent(client: t.Any, parameters: Answer, check_mode: bool) -> Answer:
    name = parameters["name"]
    policy = registry.get_policy(client, name)
    if policy is None:
        return {"changed": False, "policy": {}, "diff": as_diff({}, {}), "reasons": []}
    targets = registry.list_targets_for_policy(client, name)
    if targets and not parameters["detach"]:
        raise Refused(f"Policy '{name}' is attached to {listed(targets)}; detach it there or set detach=true, then run again.")
    tags = api.list_tags(client, policy["policyArn"])
    before = shown(client, name, tags)
    if not check_mode:
        for target in targets:
            registry.detach_policy(client, name, target)
        for version in before["versions"]:
            if version != before["default_version"]:
                registry.delete_policy_version(client, name, version)
        registry.delete_policy(client, name)
    return {
        "changed": True,
        "policy": before if check_mode else {},
        "diff": as_diff({"document": normalised(before["document"]), "targets": targets, "tags": tags}, {}),
        "reasons": ["is not wanted"],
    }


def work(module: AnsibleAWSModule) -> Answer:
    if not 1 <= module.params["keep_versions"] <= MAX_VERSIONS:
        raise Refused(f"keep_versions: {module.params['keep_versions']} is not possible; a policy has 1 to {MAX_VERSIONS} versions.")
    client = connect(module, "iot")
    return (present if module.params["state"] == "present" else absent)(client, module.params, module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True, "aliases": ["policy_name"]},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "document": {"type": "dict"},
            "keep_versions": {"type": "int", "default": MAX_VERSIONS},
            "detach": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
