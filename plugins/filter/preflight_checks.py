# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: preflight_checks
short_description: Everything that was found out before a site is deployed, as one list
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Puts the checks of the account, of the site's own data, of its variables and of its gateways into one list.
positional: _input
options:
  _input:
    description: What M(energytwin.aws.preflight_info) returned as RV(energytwin.aws.preflight_info#module:checks).
    type: list
    elements: dict
    required: true
  faults:
    description: What is wrong with the site and the stack, a sentence each.
    type: list
    elements: str
    default: []
  gateways:
    description:
      - What each gateway that was asked said - C(gateway), C(reachable), C(output) and C(message).
    type: list
    elements: dict
    default: []
  silent:
    description: Names of the gateways that were not asked.
    type: list
    elements: str
    default: []
  tolerance:
    description: How many seconds the clock of a gateway may be off.
    type: float
    default: 60
  wrong:
    description: What is wrong with values of variables, as the filter P(energytwin.aws.preflight_variables#filter) gives it.
    type: list
    elements: dict
    default: []
  variables:
    description: Names of the variables of the site's host and of its gateways.
    type: list
    elements: str
    default: []
  known:
    description: Names of variables that playbooks read. What is nearly one of them, or of a role's, is taken for a mistyped one.
    type: list
    elements: str
    default: []
  roles:
    description: The folder of the roles whose variables are known, too.
    type: path
  ignore:
    description: Shell patterns of checks that may be bad; they are shown as ignored.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Put them together
  ansible.builtin.set_fact:
    checks: "{{ found.checks | energytwin.aws.preflight_checks(silent=['gw-roof'], ignore=['gateway gw-roof*']) }}"
"""

RETURN = r"""
_value:
  description: The checks, in the shape of the input.
  type: list
  elements: dict
"""

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._preflight.checks import Plain, with_ignored
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.gateways import gateway_checks, site_checks, variable_checks
from ansible_collections.energytwin.aws.plugins.module_utils._preflight.specs import option_texts


def preflight_checks(
    account: c.Sequence[Plain],
    faults: c.Sequence[str] = (),
    gateways: c.Sequence[Plain] = (),
    silent: c.Sequence[str] = (),
    tolerance: float = 60,
    wrong: c.Sequence[Plain] = (),
    variables: c.Iterable[str] = (),
    known: c.Iterable[str] = (),
    roles: str | None = None,
    ignore: c.Sequence[str] = (),
) -> list[Plain]:
    asked = [*gateways, *({"gateway": name} for name in silent)]
    unread = variable_checks(variables, [*known, *(option_texts(roles) if roles else ())])
    checks = [*site_checks(faults), *unread, *gateway_checks(asked, float(tolerance))]
    return with_ignored([*account, *wrong, *(check.plain() for check in checks)], ignore)


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"preflight_checks": preflight_checks}
