# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iot_certificate against a local cloud."""

from __future__ import annotations

import datetime
import json
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._iot.certificates import best, is_recent


@pytest.fixture
def gateway(registry: t.Any) -> dict[str, t.Any]:
    """A thing and a policy, and what a certificate is to be attached to."""
    registry.client.create_thing(thingName="gw-roof")
    statement = {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}
    for name in ("publish", "other"):
        registry.client.create_policy(policyName=name, policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    registry.calls.clear()
    return {"thing": "gw-roof", "policies": ["publish"]}


def ids(registry: t.Any) -> list[str]:
    return [item["certificateId"] for item in registry.client.list_certificates()["certificates"]]


def test_the_life_of_a_certificate(registry: t.Any, gateway: t.Any, new_csr: t.Any, three_times: t.Any) -> None:
    csr = new_csr()
    made = three_times("iot_certificate", csr=csr, **gateway)["certificate"]
    assert ids(registry) == [made["id"]]
    assert made["pem"].startswith("-----BEGIN CERTIFICATE-----") and made["not_after"].startswith("2049-12-31")
    assert (made["status"], made["things"], made["policies"]) == ("active", ["gw-roof"], ["publish"])
    assert registry.client.list_thing_principals(thingName="gw-roof")["principals"] == [made["arn"]]
    three_times("iot_certificate", csr=csr, status="inactive")
    three_times("iot_certificate", certificate_id=made["id"], status="active", policies=["other"])
    three_times("iot_certificate", certificate_id=made["id"], thing="", policies=[])
    three_times("iot_certificate", certificate_id=made["id"], status="revoked")
    three_times("iot_certificate", certificate_id=made["id"], state="absent")
    assert ids(registry) == []


def test_another_key_gets_another_certificate_and_the_old_one_keeps_working(
    registry: t.Any, gateway: t.Any, new_csr: t.Any, run: t.Any, three_times: t.Any
) -> None:
    old = run("iot_certificate", csr=new_csr(), **gateway)["certificate"]
    new = three_times("iot_certificate", csr=new_csr(), **gateway)["certificate"]
    assert new["id"] != old["id"]
    assert not run("iot_certificate", certificate_id=old["id"], status="active", **gateway)["changed"]
    three_times("iot_certificate", certificate_id=old["id"], state="absent", force=True)
    assert run("iot_thing", name="gw-roof")["thing"]["certificates"] == [new["id"]]


def test_a_certificate_in_use_goes_only_when_told(registry: t.Any, gateway: t.Any, new_csr: t.Any, run: t.Any) -> None:
    made = run("iot_certificate", csr=new_csr(), **gateway)["certificate"]
    refused = run("iot_certificate", certificate_id=made["id"], state="absent")
    assert refused["failed"]
    assert "is active and is attached to 'gw-roof', 'publish'" in refused["msg"] and "force=true" in refused["msg"]
    run("iot_certificate", certificate_id=made["id"], status="inactive")
    assert "is attached to" in run("iot_certificate", certificate_id=made["id"], state="absent")["msg"]
    assert ids(registry) == [made["id"]]


def test_a_certificate_that_somebody_has_deactivated_stays_so(registry: t.Any, gateway: t.Any, new_csr: t.Any, run: t.Any) -> None:
    csr = new_csr()
    made = run("iot_certificate", csr=csr, **gateway)["certificate"]
    registry.client.update_certificate(certificateId=made["id"], newStatus="INACTIVE")
    again = run("iot_certificate", csr=csr, **gateway)
    assert not again["changed"] and again["certificate"]["status"] == "inactive"


def test_a_revoked_certificate_never_works_again(registry: t.Any, gateway: t.Any, new_csr: t.Any, run: t.Any) -> None:
    csr = new_csr()
    run("iot_certificate", csr=csr, status="revoked", **gateway)
    refused = run("iot_certificate", csr=csr, status="active", **gateway)
    assert refused["failed"] and "new key" in refused["msg"]


@pytest.mark.parametrize("operation", ["CreateCertificateFromCsr", "AttachThingPrincipal", "AttachPolicy"])
def test_a_run_that_is_killed_is_finished_by_the_next_one(
    registry: t.Any, gateway: t.Any, new_csr: t.Any, run: t.Any, killed: type[BaseException], operation: str
) -> None:
    csr = new_csr()

    def kill(called: str) -> None:
        if called == operation:
            raise killed

    registry.after = kill
    with pytest.raises(killed):
        run("iot_certificate", csr=csr, **gateway)
    registry.after = lambda called: None
    (left,) = ids(registry)
    done = run("iot_certificate", csr=csr, **gateway)["certificate"]
    assert (done["id"], done["status"], done["things"], done["policies"]) == (left, "active", ["gw-roof"], ["publish"])
    assert not run("iot_certificate", csr=csr, **gateway)["changed"]


def test_waits_until_aws_has_noticed_the_detachment(registry: t.Any, gateway: t.Any, new_csr: t.Any, run: t.Any) -> None:
    made = run("iot_certificate", csr=new_csr(), **gateway)["certificate"]
    conflict = ("DeleteConflictException", "Things must be detached before deletion")
    registry.before = lambda operation: conflict if operation == "DeleteCertificate" else None
    slow = run("iot_certificate", certificate_id=made["id"], state="absent", force=True, wait_timeout=0)
    assert slow["failed"] and "run again" in slow["msg"].lower()
    left = [conflict, conflict]
    registry.before = lambda operation: left.pop() if operation == "DeleteCertificate" and left else None
    assert run("iot_certificate", certificate_id=made["id"], state="absent", force=True)["changed"]
    assert ids(registry) == []


def test_finds_a_certificate_on_any_page(registry: t.Any, new_csr: t.Any, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    csr = new_csr()
    made = run("iot_certificate", csr=csr)["certificate"]
    for _unused in range(4):
        registry.client.create_certificate_from_csr(certificateSigningRequest=new_csr())
    paged = registry.client.list_certificates
    monkeypatch.setattr(registry.client, "list_certificates", lambda **request: paged(**{**request, "pageSize": 2}))
    again = run("iot_certificate", csr=csr)
    assert not again["changed"] and again["certificate"]["id"] == made["id"]


@pytest.mark.parametrize("csr", ["", "no request", "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n-----END CERTIFICATE REQUEST-----\n"])
def test_what_is_no_request_is_refused(registry: t.Any, run: t.Any, csr: str) -> None:
    refused = run("iot_certificate", csr=csr)
    assert refused["failed"] and "csr" in refused["msg"]
    assert registry.writes() == []


def test_a_certificate_that_is_not_there(registry: t.Any, run: t.Any) -> None:
    unknown = "0" * 64
    assert unknown in run("iot_certificate", certificate_id=unknown, status="inactive")["msg"]
    assert run("iot_certificate", certificate_id=unknown, state="absent")["changed"] is False


def test_a_policy_or_a_thing_that_is_not_there(registry: t.Any, gateway: t.Any, new_csr: t.Any, run: t.Any) -> None:
    for wrong in ({"thing": "gw-lost"}, {"policies": ["lost"]}):
        failed = run("iot_certificate", csr=new_csr(), **{**gateway, **wrong})
        assert failed["failed"] and "lost" in failed["msg"]


def test_of_several_certificates_the_active_one_is_taken_then_the_newest() -> None:
    now = datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    old, active = {"status": "INACTIVE", "creationDate": now - day}, {"status": "ACTIVE", "creationDate": now - 2 * day}
    new = {"status": "INACTIVE", "creationDate": now}
    assert best([old, active, new]) is active
    assert best([old, new]) is new
    assert best([]) is None
    assert is_recent(old, now) and not is_recent(active, now)


def test_a_certificate_of_a_run_that_was_killed_long_ago_is_found_where_it_is_looked_for(
    registry: t.Any, gateway: t.Any, new_csr: t.Any, run: t.Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    csr = new_csr()
    left = registry.client.create_certificate_from_csr(certificateSigningRequest=csr, setAsActive=True)["certificateId"]
    registry.client.create_certificate_from_csr(certificateSigningRequest=new_csr(), setAsActive=True)
    monkeypatch.setattr("ansible_collections.energytwin.aws.plugins.module_utils._iot.certificates.RECENT", -datetime.timedelta(days=1))
    assert run("iot_certificate", csr=csr, check=True, **gateway)["reasons"] == ["is not there"]
    assert run("iot_certificate", csr=csr, search="all", **gateway)["certificate"]["id"] == left


def test_of_a_new_key_no_certificate_is_looked_for(registry: t.Any, gateway: t.Any, new_csr: t.Any, run: t.Any) -> None:
    """So that each new gateway does not cost one call for each of the others."""
    registry.client.create_certificate_from_csr(certificateSigningRequest=new_csr(), setAsActive=True)
    registry.calls.clear()
    assert run("iot_certificate", csr=new_csr(), search="none", **gateway)["changed"]
    assert "ListCertificates" not in registry.calls
    assert registry.calls.count("DescribeCertificate") == 1
