# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from local_cloud.assembly import build
from local_cloud.settings import Settings
from tests.unit.local_cloud.timestream.tables import Table, reading


def test_everything_is_there_after_a_restart(settings: Settings) -> None:
    first = build(settings)
    write = first.client("timestream-write")
    write.create_database(DatabaseName="plant_db")
    write.create_table(DatabaseName="plant_db", TableName="energy")
    table = Table(write, first.client("timestream-query"), "plant_db", "energy", int(first.now() * 1000))
    table.write(reading(table.now, 1.25), reading(table.now + 1, 2.5))
    assert table.rows("select count(*) from {}") == [["2"]]
    second = build(settings)  # the first one has not been stopped: as after kill -9
    try:
        again = Table(second.client("timestream-write"), second.client("timestream-query"), "plant_db", "energy", table.now)
        again.write(reading(table.now, 1.25))
        assert again.rows("select measure_value::double from {} order by time") == [["1.25"], ["2.5"]]
    finally:
        second.stop()
        first.stop()
