# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_template
short_description: Read a CloudFormation template
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Turns a CloudFormation template into data, the short forms of its functions (C(!Ref)) into their long forms (C(Ref), C(Fn::Sub)).
positional: _input
options:
  _input:
    description:
      - The text of the template, YAML or JSON.
    type: str
    required: true
seealso:
  - module: energytwin.aws.stack_store
"""

EXAMPLES = r"""
- name: Show the resources of a template
  ansible.builtin.debug:
    msg: "{{ (lookup('ansible.builtin.file', 'energy_twin.yml') | energytwin.aws.stack_template).Resources | list }}"
"""

RETURN = r"""
_value:
  description: The template.
  type: dict
"""

import typing as t

import yaml
from ansible.errors import AnsibleFilterError


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions as the long ones."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, t.Any]:
    if isinstance(node, yaml.ScalarNode):
        value: t.Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(t.cast(yaml.MappingNode, node), deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


def stack_template(text: str) -> t.Any:
    try:
        return yaml.load(str(text), Loader=_Loader)
    except yaml.YAMLError as error:
        raise AnsibleFilterError(f"stack_template: this is no YAML ({' '.join(str(error).split())}); correct the template.") from None


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"stack_template": stack_template}
