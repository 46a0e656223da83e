# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A template's parameters: what is given, kept or taken from defaults, and whether it may be."""

from __future__ import annotations

import re
import typing as t

from local_cloud.cloudformation.errors import invalid, not_implemented

Given = dict[str, t.Any]
_TYPES = ("String", "Number", "List<Number>", "List<String>", "CommaDelimitedList")
MASK = "****"


def check_declarations(declarations: dict[str, dict[str, t.Any]]) -> None:
    """Refuse types that there are not, or that need a service which the local cloud has not."""
    for name, declaration in declarations.items():
        kind = declaration["Type"]
        if kind in _TYPES:
            continue
        if re.fullmatch(r"(List<)?AWS::[\w:]+(<.*>)?>?", kind):
            raise not_implemented(f"the parameter type {kind} (parameter {name})")
        raise invalid(f"Template format error: Unrecognized parameter type: {kind}")


def collect(declarations: dict[str, dict[str, t.Any]], given: list[Given], previous: dict[str, str] | None = None) -> dict[str, str]:
    """The value of every parameter, as text, in the order of the template.

    given: ``Parameters`` of the request. previous: the stack's present values, for UsePreviousValue; None for a new stack.
    """
    check_declarations(declarations)
    values: dict[str, str] = {}
    for item in given:
        name = item.get("ParameterKey", "")
        if item.get("UsePreviousValue"):
            if "ParameterValue" in item:
                raise invalid(
                    f"Invalid input for parameter key {name}. Cannot specify usePreviousValue as true and a value at the same time"
                )
            if previous is None or name not in previous:
                raise invalid(
                    f"Invalid input for parameter key {name}. "
                    "Cannot specify usePreviousValue as true for a parameter key not in the previous template"
                )
            values[name] = previous[name]
        elif "ParameterValue" in item:
            values[name] = item["ParameterValue"]
    unknown = sorted(item.get("ParameterKey", "") for item in given if item.get("ParameterKey") not in declarations)
    if unknown:
        raise invalid(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    for name, declaration in declarations.items():
        if name not in values and "Default" in declaration:
            values[name] = _text(declaration["Default"])
    missing = sorted(declarations.keys() - values.keys())
    if missing:
        raise invalid(f"Parameters: [{', '.join(missing)}] must have values")
    for name, declaration in declarations.items():
        _check(name, declaration, values[name])
    return {name: values[name] for name in declarations}


def typed(declarations: dict[str, dict[str, t.Any]], values: dict[str, str]) -> dict[str, str | list[str]]:
    """What Ref gives for each parameter: lists are split at commas and stripped of blanks."""
    return {
        name: _items(value) if _is_list(declarations[name]["Type"]) else value for name, value in values.items() if name in declarations
    }


def shown(declarations: dict[str, dict[str, t.Any]], values: dict[str, str]) -> list[dict[str, str]]:
    """The parameters as the API shows them: those with NoEcho masked."""
    return [
        {"ParameterKey": name, "ParameterValue": MASK if is_true(declarations.get(name, {}).get("NoEcho")) else value}
        for name, value in values.items()
    ]


def is_true(value: t.Any) -> bool:
    """Templates may write booleans as text."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def _is_list(kind: str) -> bool:
    return kind == "CommaDelimitedList" or kind.startswith("List<")


def _items(value: str) -> list[str]:
    return [item.strip() for item in value.split(",")] if value else []


def _text(value: t.Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(_text(item) for item in value) if isinstance(value, list) else str(value)


def _check(name: str, declaration: dict[str, t.Any], value: str) -> None:
    def refuse(rule: str) -> t.NoReturn:
        described = declaration.get("ConstraintDescription")
        raise invalid(f"Parameter '{name}' failed to satisfy constraint: {described}" if described else f"Parameter '{name}' must {rule}")

    kind = declaration["Type"]
    allowed = [_text(item) for item in declaration.get("AllowedValues", [])]
    for item in _items(value) if _is_list(kind) else [value]:
        if kind in ("Number", "List<Number>"):
            if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", item):
                raise invalid(f"Parameter '{name}' must be a number.")
            if "MinValue" in declaration and float(item) < float(declaration["MinValue"]):
                refuse(f"be a number not less than {declaration['MinValue']}")
            if "MaxValue" in declaration and float(item) > float(declaration["MaxValue"]):
                refuse(f"be a number not greater than {declaration['MaxValue']}")
        if allowed and item not in allowed:
            refuse("be one of AllowedValues")
        if "AllowedPattern" in declaration and not _matches(name, str(declaration["AllowedPattern"]), item):
            refuse(f"match pattern {declaration['AllowedPattern']}")
    if kind == "String":
        if "MinLength" in declaration and len(value) < int(declaration["MinLength"]):
            refuse(f"contain at least {declaration['MinLength']} characters")
        if "MaxLength" in declaration and len(value) > int(declaration["MaxLength"]):
            refuse(f"contain at most {declaration['MaxLength']} characters")


def _matches(name: str, pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value) is not None
    except re.error:
        raise invalid(f"Template error: AllowedPattern of parameter {name} is not a regular expression: {pattern}") from None
