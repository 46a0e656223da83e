# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How people sign in to a workspace: what is there against what is wanted. Pure.

Source: botocore's service model ``grafana`` 2020-08-18, shapes SamlConfiguration and AuthenticationDescription.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value

Answer = dict[str, t.Any]

ASSERTIONS = ("name", "login", "email", "groups", "role", "org")
ROLES = ("admin", "editor")


@dataclasses.dataclass(frozen=True)
class AuthenticationChange:
    """request: of UpdateWorkspaceAuthentication, which always replaces everything."""

    before: Answer
    after: Answer
    request: Answer
    reasons: list[str]


def check(options: c.Mapping[str, t.Any]) -> None:
    """Raises Refused for what AWS would not take, one line each."""
    providers, saml = options["providers"], options["saml"]
    faults = []
    if providers is not None and (not providers or len(set(providers)) < len(providers)):
        faults.append("providers: name AWS_SSO, SAML or both, each once.")
    if saml is not None and providers is not None and "SAML" not in providers:
        faults.append("saml: it is for the provider SAML only; add SAML to providers, or leave saml out.")
    for name, attribute in ((saml or {}).get("assertion_attributes") or {}).items():
        if attribute is not None and not 1 <= len(attribute) <= 256:
            faults.append(f"saml.assertion_attributes.{name}: it takes 1 to 256 characters.")
    if len((saml or {}).get("idp_metadata_url") or "") > 2048:
        faults.append("saml.idp_metadata_url: it is too long; use at most 2048 characters.")
    if ((saml or {}).get("login_validity_duration") or 0) < 0:
        faults.append("saml.login_validity_duration: it is a number of minutes that is not negative.")
    if faults:
        raise Refused("\n".join(faults))


def picture(answer: Answer) -> Answer:
    """DescribeWorkspaceAuthentication's answer in the shape of the module's options."""
    configuration = (answer.get("saml") or {}).get("configuration")
    return {"providers": sorted(answer["providers"]), **({"saml": _saml_options(configuration)} if configuration else {})}


def status_of(answer: Answer) -> str:
    """CONFIGURED or NOT_CONFIGURED; empty without SAML."""
    return str((answer.get("saml") or {}).get("status", ""))


def change_authentication(workspace_id: str, answer: Answer, providers: list[str] | None, saml: Answer | None) -> AuthenticationChange:
    """What turns the authentication that is there into the wanted one. What is not given stays.

    saml: the option. AWS keeps nothing of an older SAML configuration, so the request holds all of the new one.
    """
    before = picture(answer)
    wanted_providers = before["providers"] if providers is None else sorted(providers)
    if saml is not None and "SAML" not in wanted_providers:
        raise Refused(f"saml: Grafana workspace '{workspace_id}' does not use SAML; add it to providers.")
    current = before.get("saml") or {}
    given = {key: value for key, value in (saml or {}).items() if value is not None}
    merged = _merged_saml(current, given)
    if given and not ({"idp_metadata_url", "idp_metadata_xml"} & {*merged}):
        raise Refused("saml: a new SAML configuration needs idp_metadata_url or idp_metadata_xml.")
    keeps_saml = "SAML" in wanted_providers and bool(merged)
    after = {"providers": wanted_providers, **({"saml": merged} if keeps_saml else {})}
    reasons = [] if wanted_providers == before["providers"] else [changed_value("providers", before["providers"], wanted_providers)]
    if keeps_saml:
        reasons += [
            changed_value(f"saml.{key}", current.get(key), merged.get(key))
            for key in sorted({*current, *merged})
            if current.get(key) != merged.get(key)
        ]
    elif current:
        reasons.append("the SAML configuration goes")
    request = {"authenticationProviders": wanted_providers, **({"samlConfiguration": _saml_members(merged)} if keeps_saml else {})}
    return AuthenticationChange(before, after, request, reasons)


def _merged_saml(current: Answer, given: Answer) -> Answer:
    """Lists are sets; of the two kinds of metadata only one stands."""
    merged = {**current, **given}
    for key, members in (("assertion_attributes", ASSERTIONS), ("role_values", ROLES)):
        if key in merged:
            values = {**(current.get(key) or {}), **{name: value for name, value in (given.get(key) or {}).items() if value is not None}}
            merged[key] = {name: _ordered(values[name]) for name in members if values.get(name)}
    if "allowed_organizations" in merged:
        merged["allowed_organizations"] = _ordered(merged["allowed_organizations"])
    if "idp_metadata_url" in given:
        merged.pop("idp_metadata_xml", None)
    elif "idp_metadata_xml" in given:
        merged.pop("idp_metadata_url", None)
    return {key: value for key, value in merged.items() if value not in (None, {}, [])}


def _saml_options(configuration: Answer) -> Answer:
    metadata = configuration.get("idpMetadata") or {}
    options = {
        "idp_metadata_url": metadata.get("url"),
        "idp_metadata_xml": metadata.get("xml"),
        "assertion_attributes": configuration.get("assertionAttributes"),
        "role_values": {name: _ordered(values) for name, values in (configuration.get("roleValues") or {}).items() if values},
        "allowed_organizations": _ordered(configuration.get("allowedOrganizations") or []),
        "login_validity_duration": configuration.get("loginValidityDuration"),
    }
    return {key: value for key, value in options.items() if value not in (None, {}, [])}


def _saml_members(saml: Answer) -> Answer:
    metadata = {"url": saml["idp_metadata_url"]} if "idp_metadata_url" in saml else {"xml": saml["idp_metadata_xml"]}
    members = {
        "assertionAttributes": saml.get("assertion_attributes"),
        "roleValues": saml.get("role_values"),
        "allowedOrganizations": saml.get("allowed_organizations"),
        "loginValidityDuration": saml.get("login_validity_duration"),
    }
    return {"idpMetadata": metadata, **{key: value for key, value in members.items() if value is not None}}


def _ordered(value: t.Any) -> t.Any:
    return sorted(value) if isinstance(value, list) else value
