# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""iot_certificate_info against a local cloud."""

from __future__ import annotations

import typing as t


def test_certificates_that_a_run_has_left_unattached_are_found_by_the_name_in_them(registry: t.Any, new_csr: t.Any, run: t.Any) -> None:
    registry.client.create_thing(thingName="gw-roof")
    attached = run("iot_certificate", csr=new_csr(), thing="gw-roof")["certificate"]
    left = registry.client.create_certificate_from_csr(certificateSigningRequest=new_csr(), setAsActive=True)["certificateId"]
    registry.client.create_keys_and_certificate(setAsActive=True)

    def found(**options: t.Any) -> list[str]:
        return [one["id"] for one in run("iot_certificate_info", common_names=["gw-hall", "gw-roof"], **options)["certificates"]]

    assert found(attached=False) == [left]
    assert found(attached=True) == [attached["id"]]
    assert sorted(found()) == sorted([left, attached["id"]])
    assert run("iot_certificate_info", common_names=["gw-hall"])["certificates"] == []
    (shown,) = run("iot_certificate_info", common_names=["gw-roof"], attached=True)["certificates"]
    assert shown == attached


def test_without_a_name_nothing_is_asked(registry: t.Any, run: t.Any) -> None:
    assert run("iot_certificate_info", common_names=[])["certificates"] == []
    assert registry.calls == []
