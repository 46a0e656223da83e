#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: reading_migration
short_description: Copy readings from one store of a site to the other, and compare them
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Copies the readings of every meter between the DynamoDB table and the Timestream table of a site, in either direction, and proves that
    they are there by count and checksum of each meter and day.
  - Writes only what is missing or different, so a run that was interrupted is simply repeated. Days that were found equal are kept in a
    record in O(record_bucket), and not read again.
  - Meant to run while readings come in, with both tables taking them (C(stack_also_store) of role stack); playbook
    C(energytwin.aws.migrate_storage) does all of it in order.
  - Fails if a day differs at the end, and names the meter, the day and the reason.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details: Compares the stores and says what would be copied. The destination need not be there yet.
  diff_mode:
    support: full
    details: Shows how many readings of each meter the destination has and will have.
  idempotent:
    support: full
options:
  source:
    description: The store that the readings are in; the other one is the destination.
    type: str
    choices: [dynamodb, timestream]
    required: true
  dynamodb_table:
    description: The table of DynamoDB.
    type: str
    required: true
  timestream_database:
    description: The database of Timestream.
    type: str
    required: true
  timestream_table:
    description: The table of Timestream.
    type: str
    required: true
  retention_days:
    description:
      - Days that both stores keep readings. Older ones are counted as RV(meters[].expired), and not copied.
    type: int
    required: true
  record_bucket:
    description:
      - Bucket for the record of the days that are done, below C(energytwin/reading_migration/). Without it every run reads every day.
    type: str
  copy_readings:
    description:
      - Whether what is missing is copied. With V(false) every day of both stores is read and compared, whatever the record says, and nothing is
        written but the record.
    type: bool
    default: true
  leave_behind:
    description:
      - Whether to go on without readings that the destination cannot hold, as for instance one whose panel has a C(#) in its name.
        They are counted as RV(meters[].left_behind).
    type: bool
    default: false
  concurrency:
    description: How many days are worked on at once. A day takes about a kilobyte of memory for each of its readings.
    type: int
    default: 8
  timeout:
    description: Seconds until readings that were written, or have just come in, must be there to be read.
    type: int
    default: 300
notes:
  - Days are those of UTC.
  - Two values are equal if they are the same double. Values that are no finite number are no measurement, and not copied.
  - A reading that both stores have with different values takes those of O(source). What the destination has beyond them stays.
  - DynamoDB keeps one reading for each millisecond; of several readings of a meter within one, the latest is copied.
  - The log of the machine that runs it tells every few seconds how far it is.
seealso:
  - module: energytwin.aws.reading_probe
"""

EXAMPLES = r"""
- name: Copy what DynamoDB has not got yet
  energytwin.aws.reading_migration:
    source: timestream
    dynamodb_table: example-plant_energy
    timestream_database: example-plant_db
    timestream_table: example-plant_energy
    retention_days: 3650
    record_bucket: example-plant-twinmakers3

- name: Compare every day once more
  energytwin.aws.reading_migration:
    source: timestream
    dynamodb_table: example-plant_energy
    timestream_database: example-plant_db
    timestream_table: example-plant_energy
    retention_days: 3650
    copy_readings: false
"""

RETURN = r"""
meters:
  description: What there is of each meter of the source, and what was done, in check mode what would be done.
  returned: always
  type: list
  elements: dict
  contains:
    panel_id:
      description: The panel.
      type: str
      returned: always
      sample: mech-rooftop
    meter_id:
      description: The meter in the panel.
      type: str
      returned: always
      sample: "5"
    days:
      description: Days with readings.
      type: int
      returned: always
      sample: 365
    known_days:
      description: Those of them that the record knew, and that were not read.
      type: int
      returned: always
      sample: 363
    readings:
      description: Readings of the source, those of known days included.
      type: int
      returned: always
      sample: 3153600
    copied:
      description: Readings that were copied.
      type: int
      returned: always
      sample: 17280
    expired:
      description: Readings that are older than the destination keeps them, or will be within the hour.
      type: int
      returned: always
      sample: 0
    left_behind:
      description: Readings that the destination cannot hold, with O(leave_behind=true).
      type: int
      returned: always
      sample: 0
differing:
  description: The days that are not equal at the end; in check mode those that would be copied.
  returned: always
  type: list
  elements: dict
  contains:
    panel_id:
      description: The panel.
      type: str
      returned: always
      sample: mech-rooftop
    meter_id:
      description: The meter in the panel.
      type: str
      returned: always
      sample: "5"
    day:
      description: The day, of UTC.
      type: str
      returned: always
      sample: "2026-11-01"
    readings:
      description: Readings of the source.
      type: int
      returned: always
      sample: 8640
    missing:
      description: Those that the destination has not.
      type: int
      returned: always
      sample: 12
    different:
      description: Those that the destination has with other values.
      type: int
      returned: always
      sample: 0
    reasons:
      description: Why, as far as it is known.
      type: list
      elements: str
      returned: always
      sample: []
notes:
  description: What else there is to know.
  returned: always
  type: list
  elements: str
  sample: ["Meter '5' of panel 'mech-rooftop': 12 readings are too old to be kept, and were not copied."]
diff:
  description: How many readings of each meter the destination has of those of the source, and will have.
  returned: always
  type: dict
  contains:
    before:
      description: As it is.
      type: dict
      returned: always
      sample: {mech-rooftop/5: 0}
    after:
      description: As it will be.
      type: dict
      returned: always
      sample: {mech-rooftop/5: 8640}
"""

import itertools
import time
import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import run
from ansible_collections.energytwin.aws.plugins.module_utils._migration import connect
from ansible_collections.energytwin.aws.plugins.module_utils._migration.ledger import Ledger
from ansible_collections.energytwin.aws.plugins.module_utils._migration.readings import day_name
from ansible_collections.energytwin.aws.plugins.module_utils._migration.work import Day, Migration, Settings
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff

Answer = dict[str, t.Any]
SHOWN_DAYS = 5


def work(module: AnsibleAWSModule) -> Answer:
    parameters = module.params
    for name, least in (("retention_days", 1), ("concurrency", 1), ("timeout", 0)):
        if parameters[name] < least:
            raise Refused(f"{name}: {parameters[name]} is too little; give {least} or more.")
    source, destination = connect.stores(module)
    copies = parameters["copy_readings"]
    settings = Settings(
        now=int(time.time() * 1000),
        retention_days=parameters["retention_days"],
        writes=copies and not module.check_mode,
        patient=not module.check_mode,
        trusting=copies,
        leave_behind=parameters["leave_behind"],
        concurrency=parameters["concurrency"],
        timeout=parameters["timeout"],
    )
    ledger = Ledger(module.client("s3"), parameters["record_bucket"], f"{source.identity} > {destination.identity}", not module.check_mode)
    days = Migration(source, destination, ledger, settings, module.log).run()
    answer = result(days, plans=module.check_mode and copies)
    if answer["differing"] and not module.check_mode:
        raise Refused(complaint([day for day in days if not day.equal], source.name, destination.name), **answer)
    return answer


def result(days: list[Day], plans: bool) -> Answer:
    """The module's result. plans: what is missing would be copied."""
    meters, before, after, notes = [], {}, {}, []
    for (panel_id, meter_id), group in itertools.groupby(days, key=lambda day: day.meter):
        some = list(group)
        readings, gaps = sum(day.readings for day in some), sum(day.missing + day.different for day in some)
        copied = gaps if plans else sum(day.copied for day in some)
        expired, left_behind = sum(day.expired for day in some), sum(day.left_behind for day in some)
        meters.append(
            {
                "panel_id": panel_id,
                "meter_id": meter_id,
                "days": len(some),
                "known_days": sum(day.known for day in some),
                "readings": readings,
                "copied": copied,
                "expired": expired,
                "left_behind": left_behind,
            }
        )
        if copied:
            before[f"{panel_id}/{meter_id}"] = readings - (gaps if plans else copied)
            after[f"{panel_id}/{meter_id}"] = readings
        if expired:
            notes.append(f"Meter '{meter_id}' of panel '{panel_id}': {expired} readings are too old to be kept, and were not copied.")
        if left_behind:
            reasons = "; ".join(dict.fromkeys(fault for day in some for fault in day.faults))
            notes.append(f"Meter '{meter_id}' of panel '{panel_id}': {left_behind} readings were left behind ({reasons}).")
    return {
        "changed": bool(after),
        "meters": meters,
        "differing": [shown(day) for day in days if not day.equal],
        "notes": notes,
        "diff": as_diff(before, after),
    }


def shown(day: Day) -> Answer:
    return {
        "panel_id": day.meter[0],
        "meter_id": day.meter[1],
        "day": day_name(day.day),
        "readings": day.readings,
        "missing": day.missing,
        "different": day.different,
        "reasons": day.faults,
    }


def complaint(days: list[Day], source: str, destination: str) -> str:
    """One sentence for the first days that differ."""
    told = ". ".join(day.sentence() for day in days[:SHOWN_DAYS])
    more = f" (and {len(days) - SHOWN_DAYS} more, see differing)" if len(days) > SHOWN_DAYS else ""
    return (
        f"{destination[0].upper()}{destination[1:]} differs from {source} on {len(days)} day{'s' * (len(days) != 1)}: {told}{more}."
        " Run the migration again; what stays has its reason beside it, or in the error bucket and in the metrics of the topic rules."
    )


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "source": {"type": "str", "choices": ["dynamodb", "timestream"], "required": True},
            "dynamodb_table": {"type": "str", "required": True},
            "timestream_database": {"type": "str", "required": True},
            "timestream_table": {"type": "str", "required": True},
            "retention_days": {"type": "int", "required": True},
            "record_bucket": {"type": "str"},
            "copy_readings": {"type": "bool", "default": True},
            "leave_behind": {"type": "bool", "default": False},
            "concurrency": {"type": "int", "default": 8},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
