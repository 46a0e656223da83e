#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: iot_certificate
short_description: Manage a device certificate of AWS IoT Core
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Has AWS IoT Core sign the certificate signing request of a device, and attaches the certificate to the device's thing and policies.
    The device's private key stays where it was made.
  - A certificate belongs to a key. If there is one for the key of O(csr), it is taken, and no new one is made.
    Another key, and so another O(csr), gives another certificate, and the old one keeps working until it is deactivated or deleted.
    So a certificate is rotated without a gap.
  - Changes the status of a certificate, and deletes it.
requirements:
  - cryptography, for O(csr)
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  csr:
    description:
      - The certificate signing request, PEM. The certificate for its key is managed.
      - It is looked for among the certificates of O(thing), and then as O(search) says.
    type: str
  search:
    description:
      - Where else a certificate for the key of O(csr) is looked for, which takes one API call for each certificate.
      - V(recent) looks at those of the last day, V(all) at those of the whole account. V(none) is for a key that was made a moment ago, so that
        there can be no certificate for it.
      - A certificate that was made by a run which was stopped before it was attached to O(thing) is only found so.
      - The default is V(recent) with O(thing), and V(all) without.
    type: str
    choices: [none, recent, all]
  certificate_id:
    description: The id of a certificate that is there.
    type: str
  state:
    description: Whether the certificate is to be there.
    type: str
    choices: [present, absent]
    default: present
  status:
    description:
      - Whether devices may connect with the certificate. A new one is V(active), and an old one stays as it is, if this is not given.
      - V(inactive) and V(revoked) disconnect devices within minutes. V(revoked) cannot be undone.
    type: str
    choices: [active, inactive, revoked]
  thing:
    description: The thing that the certificate is attached to, which must be there, and no other. An empty text attaches it to none.
    type: str
  policies:
    description: The policies that the certificate is attached to, which must be there, and no others.
    type: list
    elements: str
  force:
    description: Whether O(state=absent) may delete a certificate that is active, or attached to something. It is revoked and detached first.
    type: bool
    default: false
  wait_timeout:
    description: Seconds to wait until AWS has noticed that the certificate is detached.
    type: int
    default: 60
seealso:
  - module: energytwin.aws.iot_thing
  - module: energytwin.aws.iot_policy
"""

EXAMPLES = r"""
- name: Make the key and the request on the device, and have it signed
  block:
    - name: Make the key
      ansible.builtin.command:
        cmd: openssl ecparam -name prime256v1 -genkey -noout -out /etc/meter-gateway/key.pem
        creates: /etc/meter-gateway/key.pem

    - name: Make the request
      ansible.builtin.command:
        cmd: openssl req -new -key /etc/meter-gateway/key.pem -subj /CN=gw-roof
      register: request
      changed_when: false

    - name: Have it signed
      energytwin.aws.iot_certificate:
        csr: "{{ request.stdout }}"
        thing: gw-roof
        policies: [meter-gateway-gw-roof]
      delegate_to: localhost
      register: signed

- name: Delete the certificate that the device used before
  energytwin.aws.iot_certificate:
    certificate_id: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    state: absent
    force: true
"""

RETURN = r"""
certificate:
  description: The certificate as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    id:
      description: The id, which is the SHA-256 fingerprint of the certificate.
      type: str
      returned: always
      sample: 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iot:eu-central-1:123456789012:cert/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
    pem:
      description: The certificate.
      type: str
      returned: always
      sample: "-----BEGIN CERTIFICATE-----\n...\n-----END CERTIFICATE-----\n"
    status:
      description: The status.
      type: str
      returned: always
      sample: active
    things:
      description: The things that it is attached to.
      type: list
      elements: str
      returned: always
      sample: [gw-roof]
    policies:
      description: The policies that it is attached to.
      type: list
      elements: str
      returned: always
      sample: [meter-gateway-gw-roof]
    created:
      description: When it was made.
      type: str
      returned: always
      sample: "2026-11-23T10:00:00Z"
    not_before:
      description: When its validity begins.
      type: str
      returned: always
      sample: "2026-11-23T09:58:00Z"
    not_after:
      description: When its validity ends.
      type: str
      returned: always
      sample: "2049-12-31T23:59:59Z"
diff:
  description: The certificate as it is and as it will be.
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
      sample: {status: active, things: [gw-roof], policies: [meter-gateway-gw-roof]}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - is not there
"""

import datetime
import itertools
import typing as t

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, poll, run
from ansible_collections.energytwin.aws.plugins.module_utils._iot import certificates, registry
from ansible_collections.energytwin.aws.plugins.module_utils._iot.certificates import State
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff, listed

Answer = dict[str, t.Any]


def find(client: t.Any, parameters: Answer) -> Answer | None:
    """The certificate that the task is about, as DescribeCertificate gives it."""
    if parameters["certificate_id"]:
        return registry.describe_certificate(client, parameters["certificate_id"])
    key = certificates.key_of_csr(parameters["csr"])
    attached = registry.list_thing_principals(client, parameters["thing"]) or [] if parameters["thing"] else []
    found = list(with_key(client, [registry.certificate_id(principal) for principal in attached], key))
    return certificates.best(found or elsewhere(client, parameters["search"] or ("recent" if parameters["thing"] else "all"), key))


def elsewhere(client: t.Any, search: str, key: str) -> list[Answer]:
    """The certificates for a key in the account, newest first; none after one that is active."""
    now = datetime.datetime.now(datetime.timezone.utc)
    every = () if search == "none" else registry.newest_certificates(client)
    looked_at = itertools.takewhile(lambda item: search == "all" or certificates.is_recent(item, now), every)
    found = []
    for one in with_key(client, (item["certificateId"] for item in looked_at), key):
        found.append(one)
        if one["status"] == "ACTIVE":
            break
    return found


def with_key(client: t.Any, ids: t.Iterable[str], key: str) -> t.Iterator[Answer]:
    described = (registry.describe_certificate(client, certificate_id) for certificate_id in ids)
    return (one for one in described if one and certificates.key_of_certificate(one["certificatePem"]) == key)


def alter(client: t.Any, description: Answer, before: State, after: State) -> None:
    """What the device may do is right before the device may connect; what it may no longer do goes first."""
    arn, certificate_id = description["certificateArn"], description["certificateId"]
    if after.status != before.status and after.status != "active":
        registry.update_certificate(client, certificate_id, after.status.upper())
    for policy in sorted(before.policies - after.policies):
        registry.detach_policy(client, policy, arn)
    for thing in sorted(before.things - after.things):
        registry.detach_thing_principal(client, thing, arn)
    for thing in sorted(after.things - before.things):
        registry.attach_thing_principal(client, thing, arn)
    for policy in sorted(after.policies - before.policies):
        registry.attach_policy(client, policy, arn)
    if after.status != before.status and after.status == "active":
        registry.update_certificate(client, certificate_id, "ACTIVE")


def present(client: t.Any, parameters: Answer, check_mode: bool) -> Answer:
    description = find(client, parameters)
    if description is None and not parameters["csr"]:
        raise Refused(
            f"There is no certificate '{parameters['certificate_id']}'; check the id and the region, or give csr to make a new one."
        )
    before = registry.read_state(client, description) if description else None
    change = certificates.change_certificate(before, parameters["status"], parameters["thing"], parameters["policies"])
    if change.reasons and not check_mode:
        if description is None:
            # A new certificate can do nothing before a policy is attached, so a run that is killed here leaves nothing dangerous. The next
            # one finds it by its key.
            made = registry.create_certificate_from_csr(client, parameters["csr"], active=change.after.status == "active")
            description = registry.describe_certificate(client, made["certificateId"])
        if description:
            alter(client, description, before or registry.read_state(client, description), change.after)
    state = change.after if not check_mode or not change.reasons else before
    return {
        "changed": bool(change.reasons),
        "certificate": certificates.shown(description, state) if description and state else {},
        "diff": as_diff(before.picture() if before else {}, change.after.picture()),
        "reasons": change.reasons,
    }


def absent(client: t.Any, parameters: Answer, check_mode: bool) -> Answer:
    description = find(client, parameters)
    if description is None:
        return {"changed": False, "certificate": {}, "diff": as_diff({}, {}), "reasons": []}
    before, certificate_id = registry.read_state(client, description), description["certificateId"]
    ties = sorted(before.things | before.policies)
    if not parameters["force"] and (before.status == "active" or ties):
        facts = [*(["is active"] if before.status == "active" else []), *([f"is attached to {listed(ties)}"] if ties else [])]
        raise Refused(f"Certificate '{certificate_id}' {' and '.join(facts)}: a device may use it; set force=true to revoke and delete it.")
    if not check_mode:
        alter(client, description, before, State("revoked" if before.status == "active" else before.status))
        _nothing, deleted = poll(
            lambda: registry.gone(lambda: registry.delete_certificate(client, certificate_id), "DeleteConflictException"),
            bool,
            timeout=parameters["wait_timeout"],
        )
        if not deleted:
            raise Refused(
                f"Certificate '{certificate_id}' still counts as attached after {parameters['wait_timeout']} seconds; it is revoked."
                " Run again in a minute to delete it."
            )
    return {
        "changed": True,
        "certificate": certificates.shown(description, before) if check_mode else {},
        "diff": as_diff(before.picture(), {}),
        "reasons": ["is not wanted"],
    }


def work(module: AnsibleAWSModule) -> Answer:
    if module.params["csr"] and certificates.CRYPTOGRAPHY_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("cryptography"), exception=certificates.CRYPTOGRAPHY_IMPORT_ERROR)
    client = connect(module, "iot")
    return (present if module.params["state"] == "present" else absent)(client, module.params, module.check_mode)


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "csr": {"type": "str"},
            "certificate_id": {"type": "str"},
            "search": {"type": "str", "choices": ["none", "recent", "all"]},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "status": {"type": "str", "choices": ["active", "inactive", "revoked"]},
            "thing": {"type": "str"},
            "policies": {"type": "list", "elements": "str"},
            "force": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 60},
        },
        mutually_exclusive=[("csr", "certificate_id")],
        required_one_of=[("csr", "certificate_id")],
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
