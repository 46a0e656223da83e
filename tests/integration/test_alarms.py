# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is told of a site's alarms, and what a look at its refused readings shows."""

from __future__ import annotations

import json

from tests.integration.conftest import SITE, LocalCloud

FIRST, SECOND = "operations@example.com", "manager@example.com"
STACK = "tests/integration/stack_only.yml"


def endpoints(cloud: LocalCloud) -> set[str]:
    found = cloud.client("sns").list_subscriptions()["Subscriptions"]
    return {subscription["Endpoint"] for subscription in found if subscription["TopicArn"].endswith(f":{SITE}-alarms")}


def test_addresses_come_and_go_without_moving_one_another(deployed: LocalCloud) -> None:
    both = json.dumps({"stack_alarm_emails": [FIRST, SECOND], "stack_no_readings_minutes": 0})
    first = deployed.play(STACK, "-e", both)
    assert first.code == 0, first.output
    assert endpoints(deployed) == {FIRST, SECOND}
    alarms = {alarm["AlarmName"] for alarm in deployed.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert f"{SITE}-store-failures" in alarms and f"{SITE}-no-readings" not in alarms

    # Whoever has confirmed is not asked again because of somebody else.
    told = json.loads(deployed.command("messages", "--json").stdout)
    token = next(message["message"].rpartition(" ")[2] for message in told if message["recipients"] == [SECOND])
    topic = told[0]["topic"]
    deployed.client("sns").confirm_subscription(TopicArn=topic, Token=token)
    second = deployed.play(STACK, "-e", json.dumps({"stack_alarm_emails": [SECOND]}))
    assert second.code == 0, second.output
    assert endpoints(deployed) == {SECOND}
    assert deployed.client("sns").get_topic_attributes(TopicArn=topic)["Attributes"]["SubscriptionsConfirmed"] == "1"

    third = deployed.play(STACK, "-e", json.dumps({"stack_alarm_emails": [SECOND]}))
    assert third.code == 0, third.output
    assert "Deploy the template" not in " ".join(third.changed_tasks())


def test_bad_options_are_refused_in_sentences(deployed: LocalCloud) -> None:
    bad = {"stack_alarm_emails": ["operations", FIRST, FIRST.upper()], "stack_no_readings_minutes": 1441}
    refused = deployed.play(STACK, "-e", json.dumps(bad))
    assert refused.code != 0
    said = refused.message()
    assert "stack_alarm_emails[0]: 'operations' is no e-mail address; write it as name@example.com." in said
    assert f"stack_alarm_emails[2]: '{FIRST.upper()}' is in the list already; name each address once." in said
    assert "stack_no_readings_minutes: 1441 is out of range; use 1 to 1440, or 0 for no such alarm." in said


def test_a_look_at_the_refused_readings_changes_nothing(deployed: LocalCloud) -> None:
    faulty = {"panelId": "mech-rooftop", "meterId": "5", "kW": "a lot"}
    for _number in range(2):
        deployed.client("iot-data").publish(topic="energy/example-plant", qos=1, payload=json.dumps(faulty))
    for arguments in ((), ("--check",)):
        shown = deployed.play("refused_readings.yml", *arguments)
        assert (shown.code, shown.changed) == (0, 0), shown.output
        (line,) = [line for line in shown.result("Print the table")["msg"].splitlines() if "no number: kW" in line]
        assert line.split()[:2] == ["mech-rooftop", "5"]
        assert " 2 " in line
    nothing = deployed.play("refused_readings.yml", "-e", "refused_since=now")
    assert "Nothing was refused since" in nothing.result("Print the table")["msg"]
