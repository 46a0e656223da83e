# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One function for each call of the IoT Core API about devices: things, their certificates, and policies.

Source of shapes and errors: botocore's service model ``iot`` 2015-05-28. Every function raises ``AwsError``.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, api_call, api_lookup
from ansible_collections.energytwin.aws.plugins.module_utils._iot.certificates import State

Answer = dict[str, t.Any]


def every(client: t.Any, operation: str, key: str, **request: t.Any) -> list[t.Any]:
    """The items of all pages of a list call."""
    return [item for page in client.get_paginator(operation).paginate(**request) for item in page.get(key, [])]


# Endpoint


@api_call("find the endpoint of AWS IoT Core")
def describe_endpoint(client: t.Any) -> str:
    """The address for devices, a host name; other brokers may add a port."""
    return str(client.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"])


# Things


@api_lookup("read thing '{name}'")
def describe_thing(client: t.Any, name: str) -> Answer:
    return t.cast(Answer, client.describe_thing(thingName=name))


@api_call("create thing '{name}'")
def create_thing(client: t.Any, name: str, members: Answer) -> None:
    client.create_thing(thingName=name, **members)


@api_call("update thing '{name}'")
def update_thing(client: t.Any, name: str, members: Answer) -> None:
    client.update_thing(thingName=name, **members)


@api_call("delete thing '{name}'")
def delete_thing(client: t.Any, name: str) -> None:
    """A thing that is not there is none."""
    client.delete_thing(thingName=name)


@api_lookup("list the certificates of thing '{name}'")
def list_thing_principals(client: t.Any, name: str) -> list[str]:
    """ARNs; None if there is no such thing."""
    return every(client, "list_thing_principals", "principals", thingName=name)


@api_call("attach {principal} to thing '{name}'")
def attach_thing_principal(client: t.Any, name: str, principal: str) -> None:
    client.attach_thing_principal(thingName=name, principal=principal)


@api_lookup("detach {principal} from thing '{name}'")
def detach_thing_principal(client: t.Any, name: str, principal: str) -> None:
    client.detach_thing_principal(thingName=name, principal=principal)


# Certificates


def certificate_id(arn: str) -> str:
    """The id in the ARN of a certificate."""
    return arn.rpartition("/")[2]


@api_call("have the certificate signing request signed")
def create_certificate_from_csr(client: t.Any, csr: str, active: bool) -> Answer:
    return t.cast(Answer, client.create_certificate_from_csr(certificateSigningRequest=csr, setAsActive=active))


@api_lookup("read certificate '{certificate_id}'")
def describe_certificate(client: t.Any, certificate_id: str) -> Answer:
    return t.cast(Answer, client.describe_certificate(certificateId=certificate_id)["certificateDescription"])


@api_call("list the certificates")
def _certificates_page(client: t.Any, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_certificates(ascendingOrder=False, pageSize=250, **request))


def newest_certificates(client: t.Any) -> c.Iterator[Answer]:
    """Every certificate of the account, newest first; pages are asked for as they are needed."""
    request: Answer = {}
    while True:
        answer = _certificates_page(client, **request)
        yield from answer.get("certificates", [])
        if not answer.get("nextMarker"):
            return
        request = {"marker": answer["nextMarker"]}


@api_call("set certificate '{certificate_id}' to {status}")
def update_certificate(client: t.Any, certificate_id: str, status: str) -> None:
    client.update_certificate(certificateId=certificate_id, newStatus=status)


@api_lookup("delete certificate '{certificate_id}'")
def delete_certificate(client: t.Any, certificate_id: str) -> None:
    client.delete_certificate(certificateId=certificate_id)


@api_call("list the things of {principal}")
def list_principal_things(client: t.Any, principal: str) -> list[str]:
    return every(client, "list_principal_things", "things", principal=principal)


@api_call("list the policies of {target}")
def list_attached_policies(client: t.Any, target: str) -> list[str]:
    return [policy["policyName"] for policy in every(client, "list_attached_policies", "policies", target=target)]


def read_state(client: t.Any, description: Answer) -> State:
    """What a certificate is and what it is attached to. description: as DescribeCertificate gives it."""
    arn = description["certificateArn"]
    things, policies = list_principal_things(client, arn), list_attached_policies(client, arn)
    return State(description["status"].lower(), frozenset(things), frozenset(policies))


@api_call("attach policy '{name}' to {target}")
def attach_policy(client: t.Any, name: str, target: str) -> None:
    client.attach_policy(policyName=name, target=target)


@api_lookup("detach policy '{name}' from {target}")
def detach_policy(client: t.Any, name: str, target: str) -> None:
    client.detach_policy(policyName=name, target=target)


# Policies


@api_lookup("read policy '{name}'")
def get_policy(client: t.Any, name: str) -> Answer:
    return t.cast(Answer, client.get_policy(policyName=name))


@api_call("create policy '{name}'")
def create_policy(client: t.Any, name: str, document: str, tags: dict[str, str]) -> None:
    extra = {"tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}
    client.create_policy(policyName=name, policyDocument=document, **extra)


@api_lookup("delete policy '{name}'")
def delete_policy(client: t.Any, name: str) -> None:
    client.delete_policy(policyName=name)


@api_call("list the versions of policy '{name}'")
def list_policy_versions(client: t.Any, name: str) -> list[Answer]:
    """All of them: a policy has five at most, and the API gives them on one page."""
    return t.cast("list[Answer]", client.list_policy_versions(policyName=name)["policyVersions"])


@api_call("read version {version} of policy '{name}'")
def get_policy_version(client: t.Any, name: str, version: str) -> str:
    return str(client.get_policy_version(policyName=name, policyVersionId=version)["policyDocument"])


@api_call("create a version of policy '{name}'")
def create_policy_version(client: t.Any, name: str, document: str) -> None:
    client.create_policy_version(policyName=name, policyDocument=document, setAsDefault=True)


@api_call("make version {version} the default of policy '{name}'")
def set_default_policy_version(client: t.Any, name: str, version: str) -> None:
    client.set_default_policy_version(policyName=name, policyVersionId=version)


@api_lookup("delete version {version} of policy '{name}'")
def delete_policy_version(client: t.Any, name: str, version: str) -> None:
    client.delete_policy_version(policyName=name, policyVersionId=version)


@api_call("list what policy '{name}' is attached to")
def list_targets_for_policy(client: t.Any, name: str) -> list[str]:
    return every(client, "list_targets_for_policy", "targets", policyName=name)


def gone(delete: c.Callable[[], None], *pending: str) -> bool:
    """Deletes; False where AWS has not yet noticed that the last attachment is gone, and says so with one of the ``pending`` codes.

    AWS documents that detaching from a thing "might take several seconds" to be seen everywhere.
    """
    try:
        delete()
    except AwsError as error:
        if error.code not in pending:
            raise
        return False
    return True
