# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pure evaluation of IAM and IoT policies.

Source: the IAM user guide, "Policy evaluation logic", "IAM JSON policy elements" and "Condition operators".
"""

from __future__ import annotations

import base64
import collections.abc as c
import datetime
import enum
import functools
import ipaddress
import re
import typing as t

Document = dict[str, t.Any]
Value = str | int | float | bool | c.Sequence[str]
Context = c.Mapping[str, Value]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


class Decision(enum.Enum):
    """ALLOWED: some statement allows it and none denies it. DENIED: a statement denies it. NOT_ALLOWED: no statement speaks of it."""

    ALLOWED = "allowed"
    DENIED = "explicitDeny"
    NOT_ALLOWED = "implicitDeny"

    def __bool__(self) -> bool:
        return self is Decision.ALLOWED


def evaluate(documents: c.Iterable[Document], action: str, resource: str, context: Context | None = None) -> Decision:
    """Decides on ``action`` (``service:Operation``) on ``resource`` (an ARN) by identity policies.

    documents: policies as parsed JSON. context: condition keys (any case) to a value or a list of values; policy
    variables ``${key}`` are taken from it too, and a statement with a variable that has no value does not match.
    """
    keys = _folded(context)
    return _decide(
        statement
        for document in documents
        for statement in statements(document)
        if _action_matches(statement, action) and _resource_matches(statement, resource, keys) and _conditions_hold(statement, keys)
    )


def trusts(document: Document, action: str, principal_type: str, principal: str, context: Context | None = None) -> Decision:
    """Decides by a resource's policy (a role's trust policy) whether ``principal`` may do ``action``.

    principal_type: ``Service``, ``AWS`` or ``Federated``; principal: e.g. ``lambda.amazonaws.com`` or an ARN.
    """
    keys = _folded(context)
    return _decide(
        statement
        for statement in statements(document)
        if _action_matches(statement, action)
        and _principal_matches(statement, principal_type, principal)
        and _conditions_hold(statement, keys)
    )


def may(documents: c.Iterable[Document], action: str) -> bool:
    """Whether ``action`` can be allowed on any resource at all: some statement allows it, and none denies it everywhere and always."""
    allowed = False
    for document in documents:
        for statement in statements(document):
            if not _action_matches(statement, action):
                continue
            if statement.get("Effect") == "Allow":
                allowed = True
            elif "*" in _listed(statement.get("Resource")) and not statement.get("Condition"):
                return False
    return allowed


def statements(document: Document) -> list[Document]:
    """A policy's statements, also where it has a single one outside a list."""
    return [statement for statement in _listed(document.get("Statement")) if isinstance(statement, dict)]


def matches(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """``*`` is any text and ``?`` any one character, over the whole of ``text``."""
    return _glob(pattern, ignore_case).match(text) is not None


def _decide(matching: c.Iterable[Document]) -> Decision:
    decision = Decision.NOT_ALLOWED
    for statement in matching:
        if statement.get("Effect") == "Deny":
            return Decision.DENIED
        if statement.get("Effect") == "Allow":
            decision = Decision.ALLOWED
    return decision


def _listed(value: t.Any) -> list[t.Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _folded(context: Context | None) -> dict[str, list[str]]:
    return {key.lower(): [_text(item) for item in _listed(value)] for key, value in (context or {}).items()}


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@functools.lru_cache(maxsize=4096)
def _glob(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.compile("".join(parts) + r"\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _action_matches(statement: Document, action: str) -> bool:
    if "NotAction" in statement:
        return not any(matches(pattern, action, ignore_case=True) for pattern in _listed(statement["NotAction"]))
    return any(matches(pattern, action, ignore_case=True) for pattern in _listed(statement.get("Action")))


def _resource_matches(statement: Document, resource: str, keys: dict[str, list[str]]) -> bool:
    negated = "NotResource" in statement
    patterns = _listed(statement.get("NotResource" if negated else "Resource"))
    resolved = [_glob_with_variables(pattern, keys, ignore_case=False) for pattern in patterns]
    found = any(pattern is not None and pattern.match(resource) for pattern in resolved)
    return not found if negated else found


def _principal_matches(statement: Document, kind: str, principal: str) -> bool:
    negated = "NotPrincipal" in statement
    named = statement.get("NotPrincipal" if negated else "Principal")
    found = named == "*" or (isinstance(named, dict) and any(_is_principal(entry, kind, principal) for entry in _listed(named.get(kind))))
    return not found if negated else found


def _is_principal(entry: str, kind: str, principal: str) -> bool:
    """In a principal, ``*`` stands only alone; an account stands for all of its principals."""
    if entry in ("*", principal):
        return True
    account = re.match(r"arn:[\w-]+:(?:iam|sts)::(\d{12}):", principal)
    return (
        kind == "AWS"
        and account is not None
        and (entry == account[1] or re.fullmatch(rf"arn:[\w-]+:iam::{account[1]}:root", entry) is not None)
    )


def _glob_with_variables(pattern: str, keys: dict[str, list[str]], *, ignore_case: bool) -> re.Pattern[str] | None:
    """The pattern with its variables filled in; a value's own ``*`` and ``?`` are not wildcards. None: a variable has no (single) value."""
    if "${" not in pattern:
        return _glob(pattern, ignore_case)
    expression = ""
    at = 0
    for variable in _VARIABLE.finditer(pattern):
        value = _variable(variable[1], keys)
        if value is None:
            return None
        expression += _glob(pattern[at : variable.start()], False).pattern[:-2] + re.escape(value)
        at = variable.end()
    expression += _glob(pattern[at:], False).pattern
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _variable(name: str, keys: dict[str, list[str]]) -> str | None:
    if name in _LITERALS:
        return _LITERALS[name]
    key, comma, default = name.partition(",")
    values = keys.get(key.strip().lower())
    if values is not None and len(values) == 1:
        return values[0]
    if values is None and comma:
        return default.strip().strip("'")
    return None


def _conditions_hold(statement: Document, keys: dict[str, list[str]]) -> bool:
    """All operators and all their keys must hold."""
    return all(
        _condition_holds(operator, key, [_text(value) for value in _listed(expected)], keys)
        for operator, tests in (statement.get("Condition") or {}).items()
        for key, expected in tests.items()
    )


def _condition_holds(operator: str, key: str, expected: list[str], keys: dict[str, list[str]]) -> bool:
    qualifier, _unused, name = operator.rpartition(":")
    actual = keys.get(key.lower())
    if name == "Null":
        return any((actual is None) == (value.lower() == "true") for value in expected)
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = "Not" in name
    test = _OPERATORS.get(name.replace("Not", ""))
    if test is None:
        raise ValueError(f"the policy uses the condition operator {operator!r}, which IAM does not have")
    if actual is None and if_exists:
        return True
    if qualifier == "ForAllValues":
        return all(_one(test, negated, value, expected, keys) for value in actual or [])
    if qualifier == "ForAnyValue":
        return any(_one(test, negated, value, expected, keys) for value in actual or [])
    if actual is None:
        return negated
    if negated:
        return all(_one(test, True, value, expected, keys) for value in actual)
    return any(_one(test, False, value, expected, keys) for value in actual)


def _one(test: _Test, negated: bool, actual: str, expected: list[str], keys: dict[str, list[str]]) -> bool:
    return any(test(actual, value, keys) for value in expected) != negated


_Test = t.Callable[[str, str, dict[str, list[str]]], bool]


def _like(actual: str, expected: str, keys: dict[str, list[str]]) -> bool:
    pattern = _glob_with_variables(expected, keys, ignore_case=False)
    return pattern is not None and pattern.match(actual) is not None


def _arn_like(actual: str, expected: str, keys: dict[str, list[str]]) -> bool:
    """Each of an ARN's six parts is compared by itself, so that a ``*`` does not reach over a colon."""
    actuals, expecteds = actual.split(":", 5), expected.split(":", 5)
    return len(actuals) == len(expecteds) == 6 and all(_like(a, e, keys) for a, e in zip(actuals, expecteds, strict=True))


def _filled(expected: str, keys: dict[str, list[str]]) -> str | None:
    values = [_variable(name, keys) for name in _VARIABLE.findall(expected)]
    if None in values:
        return None
    filled = iter(values)
    return _VARIABLE.sub(lambda _: str(next(filled)), expected)


def _equals(actual: str, expected: str, keys: dict[str, list[str]]) -> bool:
    return actual == _filled(expected, keys)


def _equals_ignoring_case(actual: str, expected: str, keys: dict[str, list[str]]) -> bool:
    filled = _filled(expected, keys)
    return filled is not None and actual.lower() == filled.lower()


def _in_network(actual: str, expected: str, keys: dict[str, list[str]]) -> bool:
    try:
        return ipaddress.ip_address(actual) in ipaddress.ip_network(expected, strict=False)
    except ValueError:
        return False


def _binary_equals(actual: str, expected: str, keys: dict[str, list[str]]) -> bool:
    try:
        return base64.b64decode(actual) == base64.b64decode(expected)
    except ValueError:
        return False


def _moment(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)).timestamp()


def _compared(convert: t.Callable[[str], float], compare: t.Callable[[float, float], bool]) -> _Test:
    def test(actual: str, expected: str, keys: dict[str, list[str]]) -> bool:
        try:
            return compare(convert(actual), convert(expected))
        except ValueError:
            return False

    return test


_ORDERS: dict[str, t.Callable[[float, float], bool]] = {
    "Equals": lambda a, b: a == b,
    "LessThan": lambda a, b: a < b,
    "LessThanEquals": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanEquals": lambda a, b: a >= b,
}

_OPERATORS: dict[str, _Test] = {
    "StringEquals": _equals,
    "StringEqualsIgnoreCase": _equals_ignoring_case,
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _equals_ignoring_case,
    "IpAddress": _in_network,
    "BinaryEquals": _binary_equals,
    **{f"Numeric{order}": _compared(float, compare) for order, compare in _ORDERS.items()},
    **{f"Date{order}": _compared(_moment, compare) for order, compare in _ORDERS.items()},
}
