# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a site costs: figures that were calculated by hand."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

import pytest

from ansible_collections.energytwin.aws.plugins.module_utils._site.cost import ALARMS, RULES, STORES, Usage, amounts, bill, totals
from ansible_collections.energytwin.aws.plugins.module_utils._site.cost_table import estimate_table
from ansible_collections.energytwin.aws.plugins.module_utils._site.parse import parse_site
from tests.tools.checkout import CHECKOUT, read_yaml

PRICES = read_yaml("playbooks/vars/prices.yml")["estimate_prices"]
UNPRICED = read_yaml("playbooks/vars/prices.yml")["estimate_unpriced"]
USAGE: dict[str, t.Any] = {
    "gateways": 1,
    "interval_seconds": 10,
    "basic_ingest": False,
    "months_kept": 12,
    "memory_hours": 1,
    "dashboard_hours": 160,
    "refresh_seconds": 60,
    "model_mb": 10,
}


def site(meters: int = 1, phases: int = 1, people: tuple[str, ...] = ()) -> t.Any:
    panel = {"id": "p1", "name": "Panel", "meters": [{"id": str(5 + n), "name": f"Meter {n}", "phases": phases} for n in range(meters)]}
    data = {
        "name": "Plant",
        "topic": "energy/plant",
        "people": [{"user": f"user.{n}", "role": role} for n, role in enumerate(people)],
        "areas": [{"id": "a1", "name": "Hall", "panels": [panel]}],
    }
    return parse_site(data, site_id="plant")


def used(**values: t.Any) -> Usage:
    return Usage.of({**USAGE, **values})


def quantities(site: t.Any, usage: Usage) -> dict[str, float]:
    """By price, without the totals of hours and days, which have a test of their own."""
    return {amount.price: amount.quantity for amount in amounts(site, usage) if not amount.what.startswith("Totals")}


def test_one_meter_for_a_month() -> None:
    """One reading in 10 s is 262,800 in 730 h. Its names have 17 bytes, its 8 properties 31: as an item it has 17 + 9 + 8 + 31 + 64 bytes,
    129, and 100 more when stored; as 8 records 8 x (8 + 17 + 8) + 31, 295."""
    assert quantities(site(), used()) == pytest.approx(
        {
            "iot_connection": 43_800,
            "iot_messages": 262_800,
            "iot_rules": 788_400,  # three rules
            "iot_actions": 788_400,  # one each at least
            "dynamodb_writes": 262_800,
            "dynamodb_storage": 262_800 * 12 * 229 / 1e9,
            "dynamodb_backup": 262_800 * 12 * 129 / 1e9,
            "dynamodb_reads": 4_800,  # 9,600 reads of 6 readings, 774 bytes: half a unit each
            "timestream_writes": 262_800,
            "timestream_memory": 360 * 295 / 1e9 * 730,  # an hour of readings, at all times
            "timestream_magnetic": 262_800 * 12 * 295 / 1e9,
            "timestream_queries": 320,  # 4 units for 30 of each 60 seconds in 160 hours
            "lambda_requests": 9_600,
            "lambda_compute": 480,
            "twinmaker_entities": 3,
            "twinmaker_calls": 9_600,
            "logs": (9_600 + 2_920) * 400 / 1e9,
            "data_transfer": 0,
            "grafana_editors": 1,
            "grafana_viewers": 0,
            "alarms": 9,
        }
    )


def test_the_totals_of_one_meter() -> None:
    """2,920 runs; the meter is counted for itself, and is a member of its panel, its area and the site."""
    totals = {amount.what: amount for amount in amounts(site(), used()) if amount.what.startswith("Totals")}
    assert {what.removeprefix("Totals: "): amount.quantity for what, amount in totals.items()} == pytest.approx(
        {
            "readings that are counted": 262_800 * 10 * 129 / 4096 / 2 + 2_920 * 3,
            "queries": 2_920 * 4 * 30 / 3600,
            "reads": 2_920 * (6 + 2.8 + 3 * 1.4),
            "writes": 2_920 * (2 + 3.3 + 3 * 3.3 + 3),
            "storage": 4 * (730 + 730 / 24) * 12 * 300 / 1e9,
            "runs": 2_920,
            "compute": (2_920 * 0.3 + 2_628_000 * 0.0003) * 0.25,
        }
    )
    assert totals["Totals: readings that are counted"].stores == ("dynamodb",), "Timestream charges for the time of its queries"
    assert totals["Totals: queries"].stores == ("timestream",)
    assert totals["Totals: writes"].stores == STORES, "the table of totals is there with either store"


def test_totals_are_written_for_each_meter_whatever_its_pace() -> None:
    def writes(site: t.Any, usage: Usage) -> float:
        return next(amount.quantity for amount in amounts(site, usage) if amount.what == "Totals: writes")

    assert writes(site(), used(interval_seconds=1)) == writes(site(), used())
    assert writes(site(20), used()) > 4 * writes(site(), used())


def test_every_alarm_of_the_stack_is_counted() -> None:
    """But for those that are there while readings move from one store to the other."""
    template = (CHECKOUT / "roles/stack/files/energy_twin.yml").read_text()
    alarm = "Type: AWS::CloudWatch::Alarm\n"
    assert template.count(alarm) - template.count(f"{alarm}    Condition: StoresInBoth\n") == ALARMS


def test_the_bill_of_one_meter() -> None:
    lines = bill(site(), used(), PRICES)
    costs = {line.what: line.usd for line in lines}
    assert costs["Messages"] == pytest.approx({"dynamodb": 0.2628, "timestream": 0.2628})
    assert costs["Storage"] == {"dynamodb": pytest.approx(0.1805436), "timestream": None}
    assert costs["Magnetic store"] == {"dynamodb": None, "timestream": pytest.approx(0.02790936)}
    assert totals(lines) == pytest.approx({"dynamodb": 11.0698319, "timestream": 226.9775744})


def test_readings_cost_by_their_number_and_their_size() -> None:
    one, twenty = quantities(site(), used()), quantities(site(20), used())
    for price in ("iot_messages", "dynamodb_writes", "timestream_writes", "twinmaker_calls"):
        assert twenty[price] == pytest.approx(20 * one[price])
    assert twenty["twinmaker_entities"] == one["twinmaker_entities"]
    assert quantities(site(), used(interval_seconds=5))["iot_messages"] == pytest.approx(2 * one["iot_messages"])
    assert quantities(site(phases=3), used())["timestream_magnetic"] > one["timestream_magnetic"]


def test_basic_ingest_saves_the_messages_and_two_of_three_rules() -> None:
    with_it, without = quantities(site(), used(basic_ingest=True)), quantities(site(), used())
    assert {price for price in without if with_it[price] != without[price]} == {"iot_messages", "iot_rules", "iot_actions"}
    assert with_it["iot_messages"] == 0
    assert with_it["iot_rules"] == with_it["iot_actions"] == pytest.approx(without["iot_rules"] / 3)


def test_every_rule_of_the_stack_that_looks_at_each_message_is_counted() -> None:
    """Of the two stores' rules there is one, but for the time that readings move."""
    template = (CHECKOUT / "roles/stack/files/energy_twin.yml").read_text()
    assert template.count("Type: AWS::IoT::TopicRule") - 1 == RULES


def test_queries_of_timestream_are_billed_all_the_time_that_a_fast_dashboard_is_open() -> None:
    def hours(refresh_seconds: float) -> float:
        return quantities(site(), used(refresh_seconds=refresh_seconds))["timestream_queries"]

    assert (hours(5), hours(30), hours(300)) == pytest.approx((640, 640, 64))


def test_a_3d_model_is_loaded_by_who_looks() -> None:
    assert quantities(dataclasses.replace(site(), model="plant.glb"), used())["data_transfer"] == pytest.approx(1.6)


def test_people_are_editors_or_viewers_and_a_workspace_has_an_editor() -> None:
    people = quantities(site(people=("admin", "editor", "viewer", "viewer", "viewer")), used())
    assert (people["grafana_editors"], people["grafana_viewers"]) == (2, 3)
    lonely = quantities(site(people=("viewer",)), used())
    assert (lonely["grafana_editors"], lonely["grafana_viewers"]) == (1, 1)


@pytest.mark.parametrize(
    ("name", "value"), [("interval_seconds", 0), ("months_kept", -1), ("refresh_seconds", "often"), ("gateways", None)]
)
def test_a_number_that_cannot_be_is_told(name: str, value: t.Any) -> None:
    with pytest.raises(ValueError, match=f"estimate_{name}: "):
        used(**{name: value})


def test_numbers_of_the_command_line_are_texts() -> None:
    assert used(interval_seconds="10", basic_ingest="true") == used(basic_ingest=True)


def test_every_amount_has_a_price_and_every_price_says_where_it_is_from() -> None:
    assert {amount.price for amount in amounts(site(), used())} == PRICES.keys()
    for price in PRICES.values():
        assert price["usd"] > 0 and price["per"] > 0
        assert price["region"] and "https://" in price["source"]
        datetime.date.fromisoformat(price["date"])
    assert all(set(entry["stores"]) <= set(STORES) for entry in UNPRICED)


def test_the_table_has_both_stores_the_totals_and_the_sources() -> None:
    lines = estimate_table(site(), USAGE, PRICES, UNPRICED)
    heading = next(line for line in lines if "Amount a month" in line)
    assert "dynamodb [USD]" in heading and "timestream [USD]" in heading
    assert next(line for line in lines if line.startswith("Total ")).split() == ["Total", "11.07", "226.98"]
    assert next(line for line in lines if line.startswith("Memory store")).split()[-2:] == ["-", "0.00"]
    assert not [line for line in lines if line.startswith("Grafana viewers")]
    assert sum("aws.amazon.com/grafana/pricing" in line for line in lines) == 2
    assert any("more than the least of Timestream" in line for line in lines)


def test_an_amount_without_a_price_is_told_and_not_counted() -> None:
    prices = {key: value for key, value in PRICES.items() if key != "twinmaker_entities"}
    lines = estimate_table(site(), USAGE, prices)
    assert "- Entities of the twin" in lines
    assert next(line for line in lines if line.startswith("Total ")).split() == ["Total", "10.91", "226.82"]
