# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The intrinsic functions: their syntax, what they refer to, and what they come to."""

from __future__ import annotations

import base64
import collections.abc as c
import ipaddress
import json
import re
import typing as t

from local_cloud.cloudformation.errors import invalid, not_implemented

PSEUDO_PARAMETERS = (
    "AWS::AccountId",
    "AWS::NotificationARNs",
    "AWS::NoValue",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
)
SHORT_WITHOUT_PREFIX = ("Ref", "Condition")
_CONDITION_FUNCTIONS = ("Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or")
_VALUE_FUNCTIONS = (
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
)
_NEED_A_TRANSFORM = ("Fn::ForEach", "Fn::Length", "Fn::ToJsonString", "Fn::Transform")
NAMES = (*SHORT_WITHOUT_PREFIX, *_CONDITION_FUNCTIONS, *_VALUE_FUNCTIONS, *_NEED_A_TRANSFORM)

# ${Name} or ${Name.Attribute}; ${!Literal} stands for the text ${Literal}
_SUB_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")
_SUB_NAME = re.compile(r"[A-Za-z0-9_.:]+")

Reference = tuple[str, str, str | None]


class Unresolved(Exception):
    """A value that is known only once a resource exists (in the preview of a change set)."""


class Scope(t.Protocol):
    """What names stand for while a template is resolved."""

    parameters: dict[str, t.Any]
    pseudo: dict[str, t.Any]
    mappings: dict[str, t.Any]
    conditions: dict[str, bool]

    def ref(self, logical_id: str) -> t.Any:
        """What Ref gives for a resource."""

    def attribute(self, logical_id: str, name: str) -> t.Any:
        """What Fn::GetAtt gives for a resource."""

    def imported(self, name: str) -> t.Any:
        """The value of an export."""


class _NoValue:
    """AWS::NoValue: the member that holds it goes away."""


_NO_VALUE = _NoValue()


def function(node: t.Any) -> tuple[str, t.Any] | None:
    """(name, argument) if the node is a call of an intrinsic function."""
    if isinstance(node, dict) and len(node) == 1:
        ((name, argument),) = node.items()
        if name == "Ref" or (isinstance(name, str) and name.startswith("Fn::")):
            return name, argument
    return None


def check_syntax(node: t.Any) -> None:
    """Refuse functions that there are not, that need a transform, or that are not alone in their object."""
    if isinstance(node, list):
        for item in node:
            check_syntax(item)
        return
    if not isinstance(node, dict):
        return
    for name, argument in node.items():
        if isinstance(name, str) and name.startswith("Fn::"):
            if name.split("::", 2)[1] in {n.split("::")[1] for n in _NEED_A_TRANSFORM}:
                raise not_implemented(f"{name}, which needs a transform")
            if name not in NAMES:
                raise invalid(f"Template error: {name} is not an intrinsic function")
            if len(node) > 1:
                raise invalid(f"Template format error: every {name} object must contain only the function")
            _check_argument(name, argument)
        check_syntax(argument)


_ARGUMENTS: dict[str, tuple[int, int]] = {
    "Fn::And": (2, 10),
    "Fn::Or": (2, 10),
    "Fn::Not": (1, 1),
    "Fn::Equals": (2, 2),
    "Fn::If": (3, 3),
    "Fn::Join": (2, 2),
    "Fn::Select": (2, 2),
    "Fn::Split": (2, 2),
    "Fn::FindInMap": (3, 3),
    "Fn::Cidr": (2, 3),
}


def _check_argument(name: str, argument: t.Any) -> None:
    if name in _ARGUMENTS:
        least, most = _ARGUMENTS[name]
        if not isinstance(argument, list) or not least <= len(argument) <= most:
            count = str(least) if least == most else f"{least} to {most}"
            raise invalid(f"Template error: every {name} object requires a list of {count} parameters")
    if name == "Fn::If" and not isinstance(argument[0], str):
        raise invalid("Template error: Fn::If needs the name of a condition as its first parameter")
    if name == "Fn::GetAtt":
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2 or not isinstance(parts[0], str) or not parts[1]:
            raise invalid(
                "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute"
            )
    if name == "Fn::Sub":
        text = argument[0] if isinstance(argument, list) and len(argument) == 2 and isinstance(argument[1], dict) else argument
        if not isinstance(text, str):
            raise invalid(
                "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, "
                "and an optional second argument to specify a mapping of values to replace in the string"
            )
        for literal, variable in _SUB_VARIABLE.findall(text):
            if not literal and not _SUB_NAME.fullmatch(variable.strip()):
                raise invalid(
                    "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons"
                )


def references(node: t.Any) -> c.Iterator[Reference]:
    """What the node refers to: ("Ref" | "GetAtt" | "If" | "Condition" | "ImportValue", name, attribute).

    The attribute is None where it is computed, and "Condition" comes only from within condition functions.
    """
    if isinstance(node, list):
        for item in node:
            yield from references(item)
        return
    call = function(node)
    if call is None:
        if isinstance(node, dict):
            if set(node) == {"Condition"} and isinstance(node["Condition"], str):
                yield "Condition", node["Condition"], None
                return
            for value in node.values():
                yield from references(value)
        return
    name, argument = call
    if name == "Ref":
        if not isinstance(argument, str):
            raise invalid("Template error: every Ref object must have a single String value.")
        yield "Ref", argument, None
    elif name == "Fn::GetAtt":
        target, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        yield "GetAtt", target, attribute if isinstance(attribute, str) else None
        yield from references(attribute)
    elif name == "Fn::Sub":
        text, variables = (argument, {}) if isinstance(argument, str) else argument
        for literal, variable in _SUB_VARIABLE.findall(text):
            variable = variable.strip()
            if not literal and variable not in variables:
                target, _unused, attribute = variable.partition(".")
                yield ("GetAtt", target, attribute) if attribute else ("Ref", target, None)
        yield from references(variables)
    else:
        if name == "Fn::If":
            yield "If", argument[0], None
        if name == "Fn::ImportValue" and isinstance(argument, str):
            yield "ImportValue", argument, None
        yield from references(argument)


def evaluate_conditions(conditions: dict[str, t.Any], scope: Scope) -> dict[str, bool]:
    """Every condition's value. The scope needs parameters, pseudo parameters and mappings only."""
    done: dict[str, bool] = {}
    pending: list[str] = []

    def named(name: str) -> bool:
        if name not in done:
            if name in pending:
                raise invalid(f"Template format error: Circular dependency between conditions: [{', '.join(sorted(pending))}]")
            pending.append(name)
            done[name] = holds(conditions[name])
            pending.pop()
        return done[name]

    def holds(node: t.Any) -> bool:
        if isinstance(node, dict) and len(node) == 1:
            ((name, argument),) = node.items()
            if name == "Condition":
                return named(argument)
            if name == "Fn::And":
                return all(holds(item) for item in argument)
            if name == "Fn::Or":
                return any(holds(item) for item in argument)
            if name == "Fn::Not":
                return not holds(argument[0])
            if name == "Fn::Equals":
                return text_of(resolve(argument[0], scope)) == text_of(resolve(argument[1], scope))
        raise invalid(
            "Template format error: Every Conditions member must contain a condition function (Fn::And, Fn::Equals, Fn::Not, Fn::Or)."
        )

    return {name: named(name) for name in conditions}


def prune(node: t.Any, conditions: dict[str, bool]) -> t.Any:
    """The node with each Fn::If replaced by the branch that holds, so that the other branch refers to nothing."""
    if isinstance(node, list):
        return [prune(item, conditions) for item in node]
    if isinstance(node, dict):
        if set(node) == {"Fn::If"}:
            name, then, otherwise = node["Fn::If"]
            return prune(then if conditions[name] else otherwise, conditions)
        return {key: prune(value, conditions) for key, value in node.items()}
    return node


def text_of(value: t.Any) -> str:
    """A scalar as CloudFormation writes it into text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value)
    return str(value)


def resolve(node: t.Any, scope: Scope) -> t.Any:
    """The node with every function called and AWS::NoValue removed.

    Raises what the scope's methods raise, and ValidationError for arguments that a function cannot take.
    """
    value = _resolve(node, scope)
    return {} if value is _NO_VALUE else value


def _resolve(node: t.Any, scope: Scope) -> t.Any:
    if isinstance(node, list):
        return [value for value in (_resolve(item, scope) for item in node) if value is not _NO_VALUE]
    if not isinstance(node, dict):
        return node
    call = function(node)
    if call is None:
        resolved = {key: _resolve(value, scope) for key, value in node.items()}
        return {key: value for key, value in resolved.items() if value is not _NO_VALUE}
    name, argument = call
    if name == "Ref":
        return _reference(argument, scope)
    if name == "Fn::If":
        condition, then, otherwise = argument
        return _resolve(then if scope.conditions[condition] else otherwise, scope)
    if name == "Fn::Sub":
        return _sub(argument, scope)
    if name == "Fn::GetAtt":
        target, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return scope.attribute(target, text_of(_resolve(attribute, scope)))
    return _CALLS[name](_resolve(argument, scope), scope)


def _reference(name: str, scope: Scope) -> t.Any:
    if name == "AWS::NoValue":
        return _NO_VALUE
    if name in scope.pseudo:
        return scope.pseudo[name]
    if name in scope.parameters:
        return scope.parameters[name]
    return scope.ref(name)


def _sub(argument: t.Any, scope: Scope) -> str:
    text, given = (argument, {}) if isinstance(argument, str) else argument
    variables = {name: _resolve(value, scope) for name, value in given.items()}

    def value(match: re.Match[str]) -> str:
        literal, name = match[1], match[2].strip()
        if literal:
            return "${" + match[2] + "}"
        if name in variables:
            return text_of(variables[name])
        target, _unused, attribute = name.partition(".")
        return text_of(scope.attribute(target, attribute) if attribute else _reference(target, scope))

    return _SUB_VARIABLE.sub(value, text)


def _base64(argument: t.Any, scope: Scope) -> str:
    return base64.b64encode(text_of(argument).encode()).decode()


def _cidr(argument: t.Any, scope: Scope) -> list[str]:
    block, count, bits = [*argument, 8][:3]
    try:
        network = ipaddress.ip_network(block)
        subnets = network.subnets(new_prefix=network.max_prefixlen - int(bits))
        return [str(subnet) for subnet, _unused in zip(subnets, range(int(count)), strict=False)]
    except ValueError:
        raise invalid(f"Template error: Fn::Cidr cannot make {count} blocks of {bits} bits from {block}") from None


def _find_in_map(argument: t.Any, scope: Scope) -> t.Any:
    name, top, second = (text_of(key) for key in argument)
    try:
        return scope.mappings[name][top][second]
    except (KeyError, TypeError):
        raise invalid(f"Template error: Unable to get mapping for {name}::{top}::{second}") from None


def _zones(argument: t.Any, scope: Scope) -> list[str]:
    return [f"{argument or scope.pseudo['AWS::Region']}{zone}" for zone in "abc"]


def _import_value(argument: t.Any, scope: Scope) -> t.Any:
    return scope.imported(text_of(argument))


def _join(argument: t.Any, scope: Scope) -> str:
    delimiter, items = argument
    if not isinstance(delimiter, str) or not isinstance(items, list):
        raise invalid(
            "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and "
            "(2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined."
        )
    return delimiter.join(text_of(item) for item in items)


def _select(argument: t.Any, scope: Scope) -> t.Any:
    index, items = argument
    if not isinstance(items, list) or not text_of(index).isdigit():
        raise invalid("Template error: Fn::Select requires a list argument with two elements: an integer index and a list")
    if int(index) >= len(items):
        raise invalid(f"Template error: Fn::Select cannot select nonexistent value at index {index}")
    return items[int(index)]


def _split(argument: t.Any, scope: Scope) -> list[str]:
    delimiter, text = argument
    if not isinstance(delimiter, str) or not delimiter or not isinstance(text, str):
        raise invalid("Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split")
    return text.split(delimiter)


def _misplaced(argument: t.Any, scope: Scope) -> t.NoReturn:
    raise invalid("Template error: condition functions (Fn::And, Fn::Equals, Fn::Not, Fn::Or) can be used in the Conditions block only")


_CALLS: dict[str, c.Callable[[t.Any, Scope], t.Any]] = {
    "Fn::Base64": _base64,
    "Fn::Cidr": _cidr,
    "Fn::FindInMap": _find_in_map,
    "Fn::GetAZs": _zones,
    "Fn::ImportValue": _import_value,
    "Fn::Join": _join,
    "Fn::Select": _select,
    "Fn::Split": _split,
    **dict.fromkeys(_CONDITION_FUNCTIONS, _misplaced),
}
