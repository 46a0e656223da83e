# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a CloudFormation template says about the stores of a stack: how they are called, and which of them there are to be. Pure."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

Template = dict[str, t.Any]
Parameters = c.Mapping[str, str]

# The properties that identify a store, as CloudFormation's resource schemas have them (primaryIdentifier).
IDENTIFIERS = {
    "AWS::DynamoDB::Table": ("TableName",),
    "AWS::Timestream::Database": ("DatabaseName",),
    "AWS::Timestream::Table": ("DatabaseName", "TableName"),
}
KEPT = ("Retain", "RetainExceptOnCreate")
_VARIABLE = re.compile(r"\$\{([^!{}][^{}]*)\}")


@dataclasses.dataclass(frozen=True)
class Store:
    """A resource that holds readings and outlives its stack. in_force: whether the stack is to have it."""

    logical_id: str
    type: str
    identifier: dict[str, str]
    in_force: bool

    @property
    def name(self) -> str:
        return ".".join(self.identifier.values())

    def plain(self) -> dict[str, t.Any]:
        return {"name": self.name, "logical_id": self.logical_id, "type": self.type, "identifier": self.identifier}


def check(template: t.Any) -> Template:
    """The template, which is data with the long forms of its functions. Raises Refused."""
    if not isinstance(template, dict) or not isinstance(template.get("Resources"), dict):
        raise Refused("template: it has no Resources; give a CloudFormation template as the filter energytwin.aws.stack_template gives it.")
    return template


def stores(template: Template, stack_name: str, parameters: Parameters) -> list[Store]:
    """The stores of the template whose names are known before there is a stack, in the order of the template."""
    values = {name: str(about["Default"]) for name, about in template.get("Parameters", {}).items() if "Default" in about}
    names = _Names(template, stack_name, {**values, **parameters})
    found = []
    for logical_id, resource in template["Resources"].items():
        keys = IDENTIFIERS.get(resource.get("Type"), ())
        identifier = {key: names.text(resource.get("Properties", {}).get(key)) for key in keys}
        if keys and resource.get("DeletionPolicy") in KEPT and None not in identifier.values():
            in_force = "Condition" not in resource or names.holds({"Condition": resource["Condition"]})
            found.append(Store(logical_id, resource["Type"], t.cast("dict[str, str]", identifier), in_force))
    return found


def import_body(template: Template, logical_ids: c.Container[str]) -> str:
    """The template with these resources only, as an import into a new stack asks for it."""
    kept = {name: resource for name, resource in template["Resources"].items() if name in logical_ids}
    parts = {key: template[key] for key in ("AWSTemplateFormatVersion", "Parameters", "Conditions") if key in template}
    return json.dumps({**parts, "Resources": kept}, default=str)


class _Names:
    """What the names in a template stand for, as far as its parameters tell."""

    def __init__(self, template: Template, stack_name: str, parameters: Parameters) -> None:
        self._resources = template["Resources"]
        self._conditions = template.get("Conditions", {})
        self._known = {**parameters, "AWS::StackName": stack_name}

    def text(self, value: t.Any) -> str | None:
        """The text that the value stands for; None if only a stack can tell."""
        if not isinstance(value, dict):
            return None if value is None else str(value)
        (function, argument), *_others = value.items()
        if function == "Ref":
            return self._name(argument)
        if function == "Fn::GetAtt" and argument[1] == "Name":
            return self._name(argument[0])
        if function == "Fn::Sub" and isinstance(argument, str):
            names = {name: self._name(name) for name in _VARIABLE.findall(argument)}
            return None if None in names.values() else _VARIABLE.sub(lambda match: str(names[match[1]]), argument)
        return None

    def _name(self, name: str) -> str | None:
        if name in self._known:
            return self._known[name]
        resource = self._resources.get(name, {})
        key = IDENTIFIERS.get(resource.get("Type"), (None,))[-1]
        return self.text(resource["Properties"].get(key)) if key else None

    def holds(self, condition: t.Any) -> bool:
        """Whether a condition holds. Raises Refused for a function that conditions of stores do not need."""
        (function, argument), *_others = condition.items()
        if function == "Condition":
            return self.holds(self._conditions[argument])
        if function == "Fn::Equals":
            return self.text(argument[0]) == self.text(argument[1])
        if function in ("Fn::Or", "Fn::And", "Fn::Not"):
            parts = [self.holds(part) for part in argument]
            return {"Fn::Or": any(parts), "Fn::And": all(parts), "Fn::Not": not parts[0]}[function]
        raise Refused(f"template: {function} in a condition of a store cannot be read; use Equals, And, Or and Not.")
