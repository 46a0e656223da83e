# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the answers of AWS mean for a deployment (pure)."""

from __future__ import annotations

import collections.abc as c

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import (
    BAD,
    GOOD,
    UNKNOWN,
    Check,
    Facts,
    Needs,
    Reply,
    fault_and_remedy,
)
from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import TIMESTREAM, stack_name_fault

DENIED = frozenset(
    ("AccessDenied", "AccessDeniedException", "AuthorizationError", "Forbidden", "UnauthorizedException", "UnauthorizedOperation")
)
# Timestream's words for accounts that it does not take; they tell a closed door from a missing permission.
CLOSED = "only existing"
SERVICE_NAMES = {
    "grafana": "Managed Grafana",
    "iot": "IoT Core",
    "iottwinmaker": "IoT TwinMaker",
    "timestream-write": "Timestream",
}
# The read that shows that a service is there.
PROOFS = {"grafana": "grafana_workspaces", "iot": "rule", "iottwinmaker": "workspaces", "timestream-write": "timestream"}
# What is named after the stack: the read that looks for it, and the permission that the read needs.
NAMED = {
    "workspace": ("workspaces", "iottwinmaker:ListWorkspaces"),
    "topic rule": ("rule", "iot:GetTopicRule"),
    "database": ("database", "timestream:DescribeDatabase"),
    "table": ("table", "dynamodb:DescribeTable"),
    "log group": ("log_group", "logs:DescribeLogGroups"),
}
# What a stack leaves behind when it is deleted, and role stack takes into the next one of its name.
STORES = frozenset(("database", "table"))
# Stacks in these states never held anything; role stack makes them anew.
NEVER_MADE = frozenset(("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"))
RUN_AGAIN = "mend that, then run again"


def judge(needs: Needs, facts: Facts) -> list[Check]:
    """Every check of the account and of this machine, in the order in which somebody would mend them."""
    return [
        *_libraries(facts),
        *_credentials(needs, facts),
        _region(needs, facts),
        *_stores(needs, facts),
        *_identity_center(needs, facts),
        *_quotas(needs, facts),
        *_permissions(needs, facts),
        *_names(needs, facts),
    ]


def _unanswered(what: str, needed: str, reply: Reply, permission: str) -> Check:
    """A row for a question that AWS did not answer."""
    if reply.code in DENIED:
        return Check(what, UNKNOWN, "may not be read", needed, f"allow {permission} to find out")
    if not reply.text:
        return Check(what, UNKNOWN, "not asked", needed, "needs credentials that work")
    found, remedy = fault_and_remedy(reply.text, RUN_AGAIN)
    return Check(what, BAD, found, needed, remedy)


def _libraries(facts: Facts) -> c.Iterator[Check]:
    for name, (found, needed) in facts.versions.items():
        old = _version(found) < _version(needed)
        remedy = f"install a newer {name} for the Python that runs the modules" if old else ""
        yield Check(name, BAD if old else GOOD, found, f"{needed} or newer", remedy)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdecimal())


def _credentials(needs: Needs, facts: Facts) -> c.Iterator[Check]:
    reply = facts.reply("identity")
    if not reply.ok:
        found, remedy = fault_and_remedy(reply.text, RUN_AGAIN)
        yield Check("credentials", BAD, found, "keys that AWS knows", remedy)
        return
    yield Check("credentials", GOOD, reply.value["Arn"], "keys that AWS knows")
    if needs.account:
        account = reply.value["Account"]
        fits = account == needs.account
        yield Check("account", GOOD if fits else BAD, account, needs.account, "" if fits else "use credentials of the right account")


def _region(needs: Needs, facts: Facts) -> Check:
    """botocore's list may be older than a service's arrival in the region: an answer of the service outweighs it."""
    missing = [
        service for service in needs.services if needs.region not in facts.regions[service] and not facts.reply(PROOFS[service]).answered
    ]
    needed = listed(SERVICE_NAMES[service] for service in needs.services)
    if not missing:
        return Check("region", GOOD, f"{needs.region} has them", needed)
    everywhere = sorted(set.intersection(*(set(facts.regions[service]) for service in needs.services)))
    found = f"{needs.region} has no {listed(SERVICE_NAMES[service] for service in missing)}"
    return Check("region", BAD, found, needed, f"use another region: {listed(everywhere) or 'none is known to have all of them'}")


def _stores(needs: Needs, facts: Facts) -> c.Iterator[Check]:
    if needs.storage != TIMESTREAM:
        return
    reply = facts.reply("timestream")
    if reply.ok:
        yield Check("timestream", GOOD, "open to this account", "open to this account")
    elif reply.code in DENIED and CLOSED in reply.text.lower():
        remedy = "it takes no new customers since 2025-06-20: choose another stack_storage, or an account that has it"
        yield Check("timestream", BAD, "closed to this account", "open to this account", remedy)
    else:
        permission = "timestream:DescribeEndpoints and timestream:ListDatabases"
        yield _unanswered("timestream", "open to this account", reply, permission)


def _identity_center(needs: Needs, facts: Facts) -> c.Iterator[Check]:
    if needs.authentication != "AWS_SSO":
        return
    what, needed = "identity center", f"an instance in {needs.identity_center_region}"
    reply = facts.reply("identity_center")
    if not reply.ok:
        yield _unanswered(what, needed, reply, "sso:ListInstances")
    elif not reply.value:
        remedy = (
            "enable IAM Identity Center, name its own region (preflight_identity_center_region), or use SAML (stack_grafana_authentication)"
        )
        yield Check(what, BAD, "none", needed, remedy)
    else:
        yield Check(what, GOOD, reply.value[0].get("IdentityStoreId", "there"), needed)


def _quotas(needs: Needs, facts: Facts) -> c.Iterator[Check]:
    used = _used(facts.reply("workspaces"), needs.names["WorkspaceId"], needs.workspaces_of_others)
    yield _countable("quota: twinmaker workspaces", "quota_workspaces", used, facts)
    yield _countable("quota: twinmaker entities", "quota_entities", needs.entities, facts)
    used = _used(facts.reply("grafana_workspaces"), needs.stack_name, needs.others)
    yield _countable("quota: grafana workspaces", "quota_grafana", used, facts)


def _used(reply: Reply, own: str, others: c.Iterable[str]) -> int | Reply:
    """How many there will be, with the site's own and those of the other sites of the run; a site that has its own takes no more."""
    if not reply.ok:
        return reply
    there = {*reply.value}
    return len(there if own in there else {*there, own, *others})


def _countable(what: str, read: str, wanted: int | Reply, facts: Facts) -> Check:
    quota = facts.reply(read)
    if isinstance(wanted, Reply):
        permission = "grafana:ListWorkspaces" if "grafana" in what else "iottwinmaker:ListWorkspaces"
        return _unanswered(what, "room for the site", wanted, permission)
    needed = f"{wanted} or more"
    if not quota.ok:
        return _unanswered(what, needed, quota, "servicequotas:GetServiceQuota")
    if quota.value is None:
        return Check(what, UNKNOWN, "Service Quotas does not tell it", needed, "look it up in the service's documentation")
    enough = quota.value >= wanted
    remedy = "" if enough else "ask AWS for a higher quota (Service Quotas), delete what is no longer needed, or leave sites out (--limit)"
    return Check(what, GOOD if enough else BAD, f"{quota.value:g}", needed, remedy)


def _permissions(needs: Needs, facts: Facts) -> c.Iterator[Check]:
    reply, role = facts.reply("permissions"), facts.reply("grafana_role")
    linked = "service-linked role"
    if role.ok and role.value:
        yield Check(linked, GOOD, "is there", "the role of Managed Grafana")
    elif not reply.ok:
        yield _unanswered(
            linked, "the role of Managed Grafana", role if not role.ok else reply, "iam:GetRole and iam:SimulatePrincipalPolicy"
        )
    elif "iam:CreateServiceLinkedRole" in reply.value:
        remedy = "allow iam:CreateServiceLinkedRole for grafana.amazonaws.com, or let an administrator make the role once"
        yield Check(linked, BAD, "is not there and may not be made", "the role of Managed Grafana", remedy)
    else:
        yield Check(linked, GOOD, "may be made", "the role of Managed Grafana")
    if not reply.ok:
        yield _unanswered("pass role", "the stack's roles", reply, "iam:SimulatePrincipalPolicy")
        return
    refused = sorted(action for action in reply.value if action != "iam:CreateServiceLinkedRole")
    remedy = f"allow iam:PassRole on roles named {needs.stack_name}-* for these services"
    found = f"not to {listed(refused)}" if refused else "may pass them"
    yield Check("pass role", BAD if refused else GOOD, found, "the stack's roles", remedy if refused else "")


def _names(needs: Needs, facts: Facts) -> c.Iterator[Check]:
    fault = stack_name_fault(needs.stack_name)
    if fault:
        yield Check("name: stack", BAD, f"'{needs.stack_name}' {fault}", "a legal name", "set stack_name")
        return
    stack = facts.reply("stack")
    if not stack.ok:
        yield _unanswered("names", "free, or the stack's", stack, "cloudformation:DescribeStacks")
    elif stack.value and stack.value["status"] not in NEVER_MADE:
        yield Check("names", GOOD, f"the stack is there ({stack.value['status']})", "free, or the stack's")
    else:
        taken = [*_taken(needs, facts)]
        yield from taken or [Check("names", GOOD, "free", "free, or the stack's")]
    yield from _bucket(facts)


def _taken(needs: Needs, facts: Facts) -> c.Iterator[Check]:
    for thing, (read, permission) in NAMED.items():
        if thing == ("database" if needs.storage != TIMESTREAM else "table"):
            continue
        reply = facts.reply(read)
        if not reply.ok:
            yield _unanswered(f"name: {thing}", "a free name", reply, permission)
            continue
        found = _own_workspace(needs, reply) if thing == "workspace" else reply.value
        if found and thing in STORES:
            yield Check(f"name: {thing}", GOOD, f"'{found}' was kept, the stack takes it in", "free, or kept from an earlier stack")
        elif found:
            remedy = "something of this name is there that no stack has: delete it, import it into a stack, or set another stack_name"
            yield Check(f"name: {thing}", BAD, f"'{found}' is taken", "a free name", remedy)


def _own_workspace(needs: Needs, reply: Reply) -> str | None:
    return needs.names["WorkspaceId"] if needs.names["WorkspaceId"] in reply.value else None


def _bucket(facts: Facts) -> c.Iterator[Check]:
    """A bucket's name is one in the world; one that may not be read is most likely somebody else's."""
    reply = facts.reply("bucket")
    if reply.code in ("403", *DENIED):
        remedy = "allow s3:ListBucket if it is the account's own; else set another stack_name"
        yield Check("name: code bucket", UNKNOWN, "is there and may not be read", "a free name, or the account's own", remedy)
    elif not reply.ok:
        yield _unanswered("name: code bucket", "a free name, or the account's own", reply, "s3:ListBucket")


def listed(names: c.Iterable[str]) -> str:
    return ", ".join(names)
