#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight_info
short_description: Find out whether an AWS account is ready for a site
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Looks at everything that the stack of a site needs of its account and of this machine, all at once, and creates nothing.
  - It looks at the credentials, the region, the store, IAM Identity Center, quotas, permissions, names, and the versions of botocore and boto3.
  - What it may not read is told as not known, with the permission that it would need; that is no failure.
options:
  stack_name:
    description: The name of the stack.
    type: str
    required: true
  entities:
    description: How many entities the twin of the site will have.
    type: int
    required: true
  other_stacks:
    description:
      - The stacks that are to be in this account and region beside it, as those of the other sites of a run. A new stack has to find room beside
        all of them.
    type: list
    elements: str
    default: []
  storage:
    description:
      - Where the readings will be stored. If it is not given, what the stack has counts, or what role P(energytwin.aws.stack#role) gives a
        new stack.
    type: str
    choices: [dynamodb, timestream]
  grafana_authentication:
    description: How people will sign in to Grafana. V(AWS_SSO) needs IAM Identity Center.
    type: str
    choices: [AWS_SSO, SAML]
    default: AWS_SSO
  identity_center_region:
    description: The region of IAM Identity Center, if it is another one.
    type: str
  account:
    description: The number of the only account that will do. Any account will do if it is not given.
    type: str
extends_documentation_fragment:
  - energytwin.aws.attributes.info_module
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Look at the account
  energytwin.aws.preflight_info:
    stack_name: plant-north
    entities: 40
    storage: timestream
    account: "123456789012"
  register: found

- name: Stop if it is not ready
  ansible.builtin.assert:
    that: found.checks | selectattr('outcome', 'equalto', 'bad') | length == 0
"""

RETURN = r"""
checks:
  description: What was looked at, in the order in which one would mend it.
  returned: success
  type: list
  elements: dict
  contains:
    what:
      description: What it is.
      returned: always
      type: str
      sample: "quota: grafana workspaces"
    outcome:
      description: V(good), V(bad), or V(not known).
      returned: always
      type: str
      sample: bad
    found:
      description: What was found.
      returned: always
      type: str
      sample: "5"
    needed:
      description: What is needed.
      returned: always
      type: str
      sample: 6 or more
    remedy:
      description: What to do; empty if all is well.
      returned: always
      type: str
      sample: ask AWS for a higher quota (Service Quotas), delete what is no longer needed, or leave sites out (--limit)
"""

import os
import typing as t

try:
    import boto3
    import botocore
    import botocore.config
    import botocore.exceptions
except ImportError:
    pass  # AnsibleAWSModule says so

from ansible_collections.amazon.aws.plugins.module_utils.botocore import MINIMUM_BOTO3_VERSION, MINIMUM_BOTOCORE_VERSION
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import run
from ansible_collections.energytwin.aws.plugins.module_utils._preflight import reads
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import Facts, Needs
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.judge import judge

OPTIONS: dict[str, t.Any] = {
    "stack_name": {"type": "str", "required": True},
    "entities": {"type": "int", "required": True},
    "other_stacks": {"type": "list", "elements": "str", "default": []},
    "storage": {"type": "str", "choices": ["dynamodb", "timestream"]},
    "grafana_authentication": {"type": "str", "choices": ["AWS_SSO", "SAML"], "default": "AWS_SSO"},
    "identity_center_region": {"type": "str"},
    "account": {"type": "str"},
}


def needs_of(params: dict[str, t.Any], region: str) -> Needs:
    return Needs(
        stack_name=params["stack_name"],
        region=region,
        storage=params["storage"] or "",
        authentication=params["grafana_authentication"],
        entities=params["entities"],
        account=params["account"] or "",
        identity_center_region=params["identity_center_region"] or region,
        others=tuple(params["other_stacks"]),
    )


def regions_of(needs: Needs) -> dict[str, list[str]]:
    """Where each service is, as far as botocore knows; it needs neither credentials nor a network to tell."""
    session = boto3.session.Session()
    try:
        partition = session.get_partition_for_region(needs.region)
    except botocore.exceptions.UnknownRegionError:
        return {service: [] for service in needs.services}
    return {service: session.get_available_regions(service, partition_name=partition) for service in needs.services}


def place_fault(region: str, endpoint: str | None) -> str | None:
    """Why no client can be made, in a sentence; None if there is nothing to say."""
    if not region:
        return "region: none is given; set AWS_REGION in aws_environment or in the environment."
    if endpoint and not endpoint.startswith(("http://", "https://")):
        return (
            f"endpoint_url: '{endpoint}' is no address of a service; write it with http:// or https://, or leave it out (AWS_ENDPOINT_URL)."
        )
    return None


def work(module: AnsibleAWSModule) -> dict[str, t.Any]:
    region = module.region or ""
    if fault := place_fault(region, module.params["endpoint_url"] or os.environ.get("AWS_ENDPOINT_URL")):
        module.fail_json(msg=fault)
    needs = needs_of(module.params, region)
    # A service that is not there should not hold the others up.
    config = botocore.config.Config(
        connect_timeout=5, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 3}, max_pool_connections=reads.CONCURRENCY
    )
    clients = {service: module.client(service, region=place, config=config) for service, place in reads.services(needs).items()}
    versions = {
        "botocore": (botocore.__version__, MINIMUM_BOTOCORE_VERSION),
        "boto3": (boto3.__version__, MINIMUM_BOTO3_VERSION),
    }
    needs, replies = reads.read(clients, needs)
    facts = Facts(replies, regions_of(needs), versions)
    return {"changed": False, "checks": [check.plain() for check in judge(needs, facts)]}


def main() -> None:
    run(AnsibleAWSModule(argument_spec=dict(OPTIONS), supports_check_mode=True), work)


if __name__ == "__main__":
    main()
