# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Workspaces of Managed Grafana: finding one, what is there against what is wanted, and waiting for it.

Source: botocore's service model ``grafana`` 2020-08-18 (it checks neither patterns nor enums before it sends) and the user guide.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, TagChanges, poll, tag_changes
from ansible_collections.energytwin.aws.plugins.module_utils._grafana import api
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value, covers, listed, shown

Answer = dict[str, t.Any]

WORKSPACE_ID = re.compile(r"g-[0-9a-f]{10}")
WORKSPACE_NAME = re.compile(r"[a-zA-Z0-9\-._~]{1,255}")
CHANGING = ("CREATING", "UPDATING", "UPGRADING", "VERSION_UPDATING", "DELETING")
GONE = "GONE"

# Module's option -> (member of Create- and UpdateWorkspace, member of what DescribeWorkspace answers).
MEMBERS = {
    "name": ("workspaceName", "name"),
    "description": ("workspaceDescription", "description"),
    "account_access_type": ("accountAccessType", "accountAccessType"),
    "permission_type": ("permissionType", "permissionType"),
    "role": ("workspaceRoleArn", "workspaceRoleArn"),
    "organization_role_name": ("organizationRoleName", "organizationRoleName"),
    "stack_set_name": ("stackSetName", "stackSetName"),
    "organizational_units": ("workspaceOrganizationalUnits", "organizationalUnits"),
    "data_sources": ("workspaceDataSources", "dataSources"),
    "notification_destinations": ("workspaceNotificationDestinations", "notificationDestinations"),
    "ip_address_type": ("ipAddressType", "ipAddressType"),
    "kms_key_id": ("kmsKeyId", "kmsKeyId"),
    "vpc_configuration": ("vpcConfiguration", "vpcConfiguration"),
    "network_access_control": ("networkAccessControl", "networkAccessControl"),
}
# Option -> (its keys and their members, the member that takes it away).
NETWORKS = {
    "vpc_configuration": ({"security_group_ids": "securityGroupIds", "subnet_ids": "subnetIds"}, "removeVpcConfiguration"),
    "network_access_control": ({"prefix_list_ids": "prefixListIds", "vpce_ids": "vpceIds"}, "removeNetworkAccessConfiguration"),
}
FIXED = ("kms_key_id",)
# How a module names a workspace that is there.
LOOKUP_OPTIONS: dict[str, t.Any] = {"workspace_id": {"type": "str"}, "name": {"type": "str"}}
LOOKUP_RULES: dict[str, t.Any] = {"mutually_exclusive": [("workspace_id", "name")], "required_one_of": [("workspace_id", "name")]}
NEW = {"account_access_type": "CURRENT_ACCOUNT", "permission_type": "CUSTOMER_MANAGED"}


@dataclasses.dataclass(frozen=True)
class Present:
    """A workspace that is there. answer: DescribeWorkspace's; configuration: the parsed document, None if nobody asked for it."""

    answer: Answer
    configuration: Answer | None


@dataclasses.dataclass(frozen=True)
class WorkspaceChange:
    """request: members of Create- or UpdateWorkspace that differ. configuration, version: None if they stay."""

    before: Answer
    after: Answer
    request: Answer
    configuration: Answer | None
    version: str | None
    tags: TagChanges
    reasons: list[str]


def check(options: c.Mapping[str, t.Any]) -> None:
    """Raises Refused with one line for each option that AWS would not take, or that would do harm."""
    faults = []
    name = options["name"]
    if name is not None and not WORKSPACE_NAME.fullmatch(name):
        faults.append(f"name: {shown(name)} cannot be used; use letters, digits, '-', '.', '_' and '~', at most 255 characters.")
    if len(options["description"] or "") > 2048:
        faults.append("description: it is too long; use at most 2048 characters.")
    if options["permission_type"] == "SERVICE_MANAGED":
        faults.append(
            "permission_type: only the console can make the roles of SERVICE_MANAGED, a workspace made by the API would have none;"
            " use CUSTOMER_MANAGED with a role of your own."
        )
    vpc, access = given_network(options["vpc_configuration"]), given_network(options["network_access_control"])
    if vpc and not (1 <= len(vpc.get("security_group_ids") or []) <= 5 and 2 <= len(vpc.get("subnet_ids") or []) <= 6):
        faults.append("vpc_configuration: it takes 1 to 5 security_group_ids and 2 to 6 subnet_ids; {} takes it away.")
    if access and len(access) < 2:
        faults.append("network_access_control: it takes both prefix_list_ids and vpce_ids, either may be empty; {} takes it away.")
    elif access and not any(access.values()):
        faults.append("network_access_control: two empty lists would lock everybody out; name who may get in, or use {} to open it.")
    if faults:
        raise Refused("\n".join(faults))


def given_network(option: c.Mapping[str, t.Any] | None) -> Answer | None:
    """The option without the keys that were not given; Ansible fills them in."""
    return None if option is None else {key: value for key, value in option.items() if value is not None}


def find(client: t.Any, workspace_id: str | None, name: str | None) -> Answer | None:
    """DescribeWorkspace's answer by id or, without one, by name. Raises Refused for a name that several workspaces have."""
    if workspace_id is not None:
        if not WORKSPACE_ID.fullmatch(workspace_id):
            raise Refused(f"workspace_id: {shown(workspace_id)} is no id of a Grafana workspace, which is like g-0123456789.")
        return api.describe_workspace(client, workspace_id)
    found = [summary["id"] for summary in api.list_workspaces(client) if summary.get("name") == name and summary["status"] != "DELETING"]
    if len(found) > 1:
        raise Refused(f"{len(found)} Grafana workspaces have the name '{name}' ({listed(found)}); say by workspace_id which one is meant.")
    return api.describe_workspace(client, found[0]) if found else None


def required(client: t.Any, options: c.Mapping[str, t.Any]) -> Answer:
    """The workspace in which something is to be made, by ``workspace_id`` or ``name``. Raises Refused if there is none."""
    answer = find(client, options["workspace_id"], options["name"])
    if answer is None:
        wanted = options["workspace_id"] or options["name"]
        raise Refused(f"There is no Grafana workspace '{wanted}' in this account and region; create it first (module grafana_workspace).")
    return answer


def arn(sts: t.Any, region: str, workspace_id: str) -> str:
    """The ARN, which no answer holds. sts: client of STS."""
    _arn, partition, _service, _region, account, _rest = api.get_caller(sts)["Arn"].split(":", 5)
    return f"arn:{partition}:grafana:{region}:{account}:/workspaces/{workspace_id}"


def configuration_of(client: t.Any, workspace_id: str) -> Answer:
    return t.cast(Answer, json.loads(api.describe_configuration(client, workspace_id) or "{}"))


def picture(present: Present | None) -> Answer:
    """A workspace in the shape of the module's options; empty if there is none."""
    if present is None:
        return {}
    answer = present.answer
    shape: Answer = {
        option: _option_value(option, answer[member])
        for option, (_unused, member) in MEMBERS.items()
        if answer.get(member) not in (None, "", [])
    }
    configuration = {} if present.configuration is None else {"configuration": present.configuration}
    return {**shape, "grafana_version": answer["grafanaVersion"], "tags": dict(answer.get("tags") or {}), **configuration}


def about(present: Present | None) -> Answer:
    """A workspace as results show it."""
    if present is None:
        return {}
    answer = present.answer
    return {
        "workspace_id": answer["id"],
        "endpoint": answer["endpoint"],
        "status": answer["status"],
        "authentication_providers": answer["authentication"]["providers"],
        **picture(present),
    }


def wanted_members(options: c.Mapping[str, t.Any]) -> Answer:
    """The options that were given, with networks in the API's form; an empty network is {}."""
    given = {option: options[option] for option in MEMBERS if options[option] is not None}
    for option, (keys, _unused) in NETWORKS.items():
        network = given_network(given.get(option))
        if network is not None:
            given[option] = {member: sorted(network[key]) for key, member in keys.items() if key in network}
    return given


def change_workspace(
    present: Present | None,
    wanted: Answer,
    configuration: Answer | None,
    version: str | None,
    tags: dict[str, str] | None,
    purge: bool,
) -> WorkspaceChange:
    """What turns the workspace that is there (None: there is none) into the wanted one. Pure.

    wanted: from ``wanted_members``. configuration: compared by the keys that it has, and merged into what is there, since AWS
    adds keys of its own.
    """
    if present is None:
        return _creation(wanted, configuration, version, tags or {})
    answer, workspace = present.answer, present.answer["id"]
    differing = {option: value for option, value in wanted.items() if not _same(answer.get(MEMBERS[option][1]), value)}
    if fixed := [option for option in FIXED if option in differing]:
        raise Refused(f"{listed(fixed)} of Grafana workspace '{workspace}' never change; leave them out, or make another workspace.")
    reasons = [
        changed_value(option, picture(present).get(option), _option_value(option, value) if value else value)
        for option, value in differing.items()
    ]
    there = present.configuration or {}
    merged = _merged(there, configuration or {})
    if merged != there:
        reasons += list(_configuration_reasons(there, merged))
    upgrade = version if version not in (None, answer["grafanaVersion"]) else None
    if upgrade:
        reasons.append(changed_value("grafana_version", answer["grafanaVersion"], upgrade))
    tag_change = tag_changes(answer.get("tags") or {}, tags, purge)
    described = {**answer, **{MEMBERS[option][1]: value for option, value in differing.items()}}
    described |= {"grafanaVersion": upgrade or answer["grafanaVersion"], "tags": tag_change.applied(answer.get("tags") or {})}
    after = picture(Present(described, merged if present.configuration is not None else None))
    return WorkspaceChange(
        picture(present),
        after,
        _update_request(differing),
        merged if merged != there or upgrade else None,
        upgrade,
        tag_change,
        reasons + tag_change.reasons(),
    )


def _creation(wanted: Answer, configuration: Answer | None, version: str | None, tags: dict[str, str]) -> WorkspaceChange:
    full = {**NEW, **{option: value for option, value in wanted.items() if value not in ("", {}, [])}}
    if "name" not in full:
        raise Refused("name: a new workspace needs one, so that a second run finds it.")
    if not full.get("role"):
        raise Refused(
            "role: a new workspace with permission_type CUSTOMER_MANAGED needs the ARN of a role that grafana.amazonaws.com may assume."
        )
    request = {MEMBERS[option][0]: value for option, value in full.items() if option != "name"}
    request |= {"configuration": json.dumps(configuration)} if configuration else {}
    request |= {"grafanaVersion": version} if version else {}
    request |= {"tags": tags} if tags else {}
    after = {option: _option_value(option, value) for option, value in full.items()}
    after |= {"configuration": configuration} if configuration else {}
    after |= {"grafana_version": version} if version else {}
    return WorkspaceChange({}, {**after, "tags": tags}, request, None, None, tag_changes({}, None, False), ["is not there"])


def check_version(present: Present | None, wanted: str, offered: c.Sequence[str]) -> None:
    """Raises Refused for a version that cannot be had. offered: what a new workspace, or the one that is there, can become."""
    if wanted in offered or (present is not None and wanted == present.answer["grafanaVersion"]):
        return
    if present is None:
        raise Refused(f"grafana_version: Managed Grafana does not offer '{wanted}' here; use one of {listed(offered)}.")
    current = present.answer["grafanaVersion"]
    remedy = f"use one of {listed([current, *offered])}" if offered else f"use '{current}'"
    if _number(wanted) < _number(current):
        raise Refused(
            f"grafana_version: workspace '{present.answer['id']}' has {current}, and Grafana cannot go back to {wanted}; {remedy}."
        )
    raise Refused(f"grafana_version: workspace '{present.answer['id']}' has {current} and cannot become '{wanted}'; {remedy}.")


def write_configuration(client: t.Any, workspace_id: str, change: WorkspaceChange) -> None:
    api.update_configuration(client, workspace_id, json.dumps(change.configuration), change.version)


def settled(client: t.Any, workspace_id: str, timeout: float) -> Answer:
    """Waits until the workspace is ACTIVE. Raises Refused when it fails, is deleted, or the time (seconds) is up."""
    found = at_rest(client, workspace_id, timeout)
    check_active(found)
    return found


def check_active(answer: Answer) -> None:
    """Raises Refused for a workspace that has failed. answer: DescribeWorkspace's, of one that is at rest."""
    status, reason = answer["status"], answer.get("degradedWorkspaceReason")
    if status != "ACTIVE":
        why = f" ({reason})" if reason else ""
        raise Refused(f"Grafana workspace '{answer['id']}' is {status}{why}; look at it in the console and mend the cause.")


def at_rest(client: t.Any, workspace_id: str, timeout: float) -> Answer:
    """Waits until nothing changes the workspace, whether it works or has failed. Raises Refused as ``settled`` for the rest."""
    found, done = poll(
        lambda: api.describe_workspace(client, workspace_id),
        lambda answer: answer is None or answer["status"] not in CHANGING,
        timeout=timeout,
        max_delay=10.0,
    )
    if found is None:
        raise Refused(f"Grafana workspace '{workspace_id}' is gone: somebody else has deleted it.")
    status = found["status"]
    if not done:
        raise Refused(
            f"Grafana workspace '{workspace_id}' is still {status} after {timeout:g} s; look at it in the console, or raise wait_timeout."
        )
    return found


def when_active(client: t.Any, workspace_id: str, call: c.Callable[[], t.Any], timeout: float) -> t.Any:
    """Makes a call that a busy workspace refuses, again when it is ACTIVE if somebody else has just begun to change it."""
    settled(client, workspace_id, timeout)
    try:
        return call()
    except AwsError as error:
        if error.code != "ConflictException":
            raise
    settled(client, workspace_id, timeout)
    return call()


def deleted(client: t.Any, workspace_id: str, timeout: float) -> None:
    found, gone = poll(
        lambda: api.describe_workspace(client, workspace_id),
        lambda answer: answer is None or answer["status"] == "DELETION_FAILED",
        timeout=timeout,
        max_delay=10.0,
    )
    if found is not None:
        rest = "its deletion has failed; look at it in the console" if gone else f"it is still {found['status']} after {timeout:g} s"
        raise Refused(f"Grafana workspace '{workspace_id}' is not gone: {rest}.")


def _option_value(option: str, value: t.Any) -> t.Any:
    """A member as the option shows it."""
    if option in NETWORKS:
        return {key: sorted(value.get(member) or []) for key, member in NETWORKS[option][0].items()}
    return value


def _update_request(differing: Answer) -> Answer:
    request: Answer = {}
    for option, value in differing.items():
        if option in NETWORKS and not value:
            request[NETWORKS[option][1]] = True
        else:
            request[MEMBERS[option][0]] = value
    return request


def _same(there: t.Any, wanted: t.Any) -> bool:
    """Lists here are sets; nothing and empty are the same."""
    if isinstance(wanted, dict) and isinstance(there, dict):
        return {*wanted} <= {*there} and all(_same(there[key], value) for key, value in wanted.items()) and bool(wanted) == bool(there)
    if isinstance(wanted, list):
        return sorted(wanted) == sorted(there or [])
    return bool(there == wanted) or (not there and not wanted)


def _merged(there: Answer, wanted: Answer) -> Answer:
    both = {**there, **wanted}
    return {
        key: _merged(there[key], value) if isinstance(value, dict) and isinstance(there.get(key), dict) else value
        for key, value in both.items()
    }


def _configuration_reasons(there: Answer, merged: Answer, path: str = "configuration") -> c.Iterator[str]:
    for key, value in merged.items():
        before = there.get(key)
        if isinstance(value, dict):
            yield from _configuration_reasons(before if isinstance(before, dict) else {}, value, f"{path}.{key}")
        elif not (covers(before, value) and covers(value, before)):
            yield changed_value(f"{path}.{key}", before, value)


def _number(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]
