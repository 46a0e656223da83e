# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites that would store each other's readings."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleUndefinedVariable

from ansible_collections.energytwin.aws.plugins.filter.preflight_topics import preflight_topics
from tests.unit.plugins.filter.test_preflight_variables import Templates

FRANKFURT = {"AWS_REGION": "eu-central-1"}


def site(name: str, topic: t.Any, **variables: t.Any) -> Templates:
    return Templates({"inventory_hostname": name, "site": {"topic": topic}, "aws_environment": FRANKFURT, **variables})


def found(*sites: Templates) -> dict[str, str]:
    return {name: " ".join(check["found"] for check in checks) for name, checks in preflight_topics(sites).items()}


def test_each_site_of_a_topic_is_told_of_the_others() -> None:
    assert found(site("a", "energy/x"), site("b", "energy/x"), site("c", "energy/y")) == {
        "a": "'energy/x' is the topic of b, too",
        "b": "'energy/x' is the topic of a, too",
    }


def test_a_topic_in_another_region_is_another_one() -> None:
    assert not found(site("a", "energy/x"), site("b", "energy/x", aws_environment={"AWS_REGION": "us-east-1"}))


def test_the_stacks_own_topic_counts() -> None:
    assert set(found(site("a", "energy/x"), site("b", "energy/y", stack_topic="energy/x"))) == {"a", "b"}


def test_many_sites_are_counted() -> None:
    told = found(*(site(f"plant-{number}", "energy/x") for number in range(6)))
    assert told["plant-0"] == "'energy/x' is the topic of plant-1, plant-2, plant-3 and 2 more, too"


def test_what_is_wrong_with_a_topic_is_told_elsewhere() -> None:
    undefined = AnsibleUndefinedVariable("'vault_topic' is undefined")
    assert not found(site("a", None), site("b", None), site("c", 5), site("d", 5), site("e", "x", stack_topic=undefined), site("f", "x"))
    assert not found(Templates({"inventory_hostname": "a"}), Templates({"inventory_hostname": "b", "site": "plant.yml"}))
