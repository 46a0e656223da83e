# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.energytwin.aws.plugins.module_utils._site.table import readings_table

METERS = [
    {"panel_id": "mech-rooftop", "meter_name": "Chiller 1", "entity_id": "mech-rooftop", "component_name": "meter-5"},
    {"panel_id": "mech-rooftop", "meter_name": "Chiller 2", "entity_id": "mech-rooftop", "component_name": "meter-6"},
]


def test_the_newest_value_of_each_property_is_shown_with_its_time() -> None:
    values = [{"time": "2026-11-23T10:00:00.250Z", "value": 12.5}, {"time": "2026-11-23T10:01:00.250Z", "value": 13.25}]
    read = [{"entity_id": "mech-rooftop", "component_name": "meter-5", "properties": {"kW": values}}]
    heading, rule, first, second = readings_table(METERS, read, ["v1", "kW"])
    assert heading.split() == ["Panel", "Meter", "Last", "reading", "(UTC)", "v1", "[V]", "kW"]
    assert set(rule) == {"-", " "}
    assert first.split() == ["mech-rooftop", "Chiller", "1", "2026-11-23", "10:01:00", "-", "13.25"]
    assert second.split() == ["mech-rooftop", "Chiller", "2", "no", "reading", "-", "-"]
