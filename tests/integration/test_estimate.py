# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The monthly bill, without a cloud."""

from __future__ import annotations

from tests.integration.conftest import LocalCloud


def test_the_bill_of_the_example_plant(cloud: LocalCloud) -> None:
    result = cloud.play("estimate.yml")
    assert (result.code, result.changed) == (0, 0), result.output
    lines = result.result("Print the table")["msg"].splitlines()
    # 14 meters, every 10 seconds, for 730 hours
    assert next(line for line in lines if line.startswith("Messages")).split()[1:] == ["3,679,200", "messages", "3.68", "3.68"]
    # two gateways, for 730 hours of 60 minutes; they stand in the inventory whatever the limit
    assert next(line for line in lines if line.startswith("Connections of gateways")).split()[3:5] == ["87,600", "minutes"]


def test_prices_and_usage_are_variables(cloud: LocalCloud) -> None:
    price = '{"estimate_own_prices": {"iot_messages": {"usd": 2, "per": 1000000, "unit": "messages", "region": "here"}}}'
    result = cloud.play("estimate.yml", "-e", price, "-e", "estimate_interval_seconds=20")
    assert result.code == 0, result.output
    lines = result.result("Print the table")["msg"].splitlines()
    assert next(line for line in lines if line.startswith("Messages")).split()[1:] == ["1,839,600", "messages", "3.68", "3.68"]
    assert "- 2 USD for 1,000,000 messages (here)" in lines


def test_a_number_that_cannot_be_is_told(cloud: LocalCloud) -> None:
    result = cloud.play("estimate.yml", "-e", "estimate_interval_seconds=0")
    assert result.code != 0
    assert "estimate_interval_seconds: '0' cannot be; write a number that is 0.1 or more" in result.message()
