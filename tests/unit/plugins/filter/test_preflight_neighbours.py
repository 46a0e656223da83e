# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites of a run that need room beside each other."""

from __future__ import annotations

from ansible.errors import AnsibleUndefinedVariable

from ansible_collections.energytwin.aws.plugins.filter.preflight_neighbours import preflight_neighbours
from tests.unit.plugins.filter.test_preflight_topics import site


def test_sites_in_one_account_and_region_are_neighbours() -> None:
    sites = [
        site("a", "x"),
        site("b", "x", stack_name="b-of-the-company"),
        site("c", "x"),
        site("d", "x", aws_environment={"AWS_REGION": "us-east-1"}),
    ]
    assert preflight_neighbours(sites) == {"a": ["b-of-the-company", "c"], "b": ["a", "c"], "c": ["a", "b-of-the-company"], "d": []}


def test_a_site_of_which_nothing_can_be_told_is_left_out() -> None:
    undefined = AnsibleUndefinedVariable("'vault_region' is undefined")
    assert preflight_neighbours([site("a", "x"), site("b", "x", aws_environment=undefined), site("c", "x")]) == {"a": ["c"], "c": ["a"]}
