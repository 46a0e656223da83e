# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rule SQL and substitution templates, run on one message. Pure: all that varies is in the context."""

from __future__ import annotations

import collections.abc as c
import decimal
import functools
import math
import operator
import typing as t

from local_cloud.broker.rules import functions, syntax, values
from local_cloud.broker.rules.context import Context
from local_cloud.broker.rules.values import UNDEFINED, Value, is_number, to_boolean, to_decimal, to_string

_COMPARISONS: t.Final[dict[str, c.Callable[[t.Any, t.Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def run(statement: syntax.Statement, context: Context) -> tuple[bool, Value]:
    """Whether the message passes WHERE, and if so the outgoing payload."""
    return _query(statement.query, context, context.payload)


def render(template: tuple[str | syntax.Expression, ...], context: Context) -> str:
    """A substitution template, on the original payload."""
    return "".join(part if isinstance(part, str) else values.text_of(evaluate(part, context)) for part in template)


def evaluate(expression: syntax.Expression, context: Context) -> Value:
    """An expression on the message's own payload."""
    return _evaluate(expression, context, context.payload)


def _query(query: syntax.Query, context: Context, scope: Value) -> tuple[bool, Value]:
    if query.where is not None and to_boolean(_evaluate(query.where, context, scope)) is not True:
        return False, UNDEFINED
    if query.value is not None:
        return True, _evaluate(query.value, context, scope)
    if [item.value for item in query.items] == [syntax.Star()] and not query.items[0].path:
        return True, scope
    result: dict[str, Value] = {}
    for item in query.items:
        value = _evaluate(item.value, context, scope)
        if not item.path:
            result.update(value if isinstance(value, dict) else {})
        elif value is not UNDEFINED:
            place = functools.reduce(lambda place, name: place.setdefault(name, {}), item.path[:-1], result)
            place[item.path[-1]] = value
    return True, result


def _rows(query: syntax.Query, context: Context, scope: Value) -> Value:
    """The results of a nested query: one for each element of its source."""
    source = UNDEFINED if query.source is None else _evaluate(query.source, context, scope)
    if source is UNDEFINED or source is None:
        return UNDEFINED
    rows = (_query(query, context, element) for element in (source if isinstance(source, list) else [source]))
    return [row for passed, row in rows if passed and row is not UNDEFINED]


def _evaluate(expression: syntax.Expression, context: Context, scope: Value) -> Value:
    value = _raw(expression, context, scope)
    return values.whole_as_int(value) if context.version_2 and isinstance(value, decimal.Decimal) else value


def _raw(expression: syntax.Expression, context: Context, scope: Value) -> Value:
    def of(part: syntax.Expression) -> Value:
        return _evaluate(part, context, scope)

    match expression:
        case syntax.Literal(value=value):
            return value
        case syntax.Name(name=name):
            return scope.get(name, UNDEFINED) if isinstance(scope, dict) else UNDEFINED
        case syntax.Member(target=target, name=name):
            owner = of(target)
            return owner.get(name, UNDEFINED) if isinstance(owner, dict) else UNDEFINED
        case syntax.Star():
            return scope
        case syntax.Call(function=function, arguments=arguments):
            if function == "encode" and arguments[:1] == (syntax.Star(),):
                # The bytes as they came, whether they are JSON or not.
                return functions.FUNCTIONS[function](context, context.message.payload, *map(of, arguments[1:]))
            return functions.FUNCTIONS[function](context, *map(of, arguments))
        case syntax.Cast(value=inner, kind=kind):
            return _cast(of(inner), kind)
        case syntax.Negative(value=inner):
            number = to_decimal(of(inner))
            return -number if is_number(number) else UNDEFINED
        case syntax.Not(value=inner):
            truth = to_boolean(of(inner))
            return UNDEFINED if truth is UNDEFINED else not truth
        case syntax.Binary(operator=sign, left=left, right=right):
            return _binary(sign, of(left), of(right))
        case syntax.Case(subject=subject, branches=branches, otherwise=otherwise):
            wanted = of(subject)
            if wanted is UNDEFINED:
                return UNDEFINED
            for match_, result in branches:
                if values.equal(wanted, of(match_)) is True:
                    return of(result)
            return UNDEFINED if otherwise is None else of(otherwise)
        case syntax.ArrayOf(items=items):
            return [value for value in map(of, items) if value is not UNDEFINED]
        case syntax.ObjectOf(members=members):
            pairs = ((key, of(member)) for key, member in members)
            return {key: value for key, value in pairs if value is not UNDEFINED}
        case syntax.Nested(query=query):
            return _rows(query, context, scope)
        case syntax.Exists(query=query):
            return bool(_rows(query, context, scope) not in (UNDEFINED, []))


def _cast(value: Value, kind: str) -> Value:
    if kind == "string":
        return to_string(value)
    if kind == "boolean":
        return value != 0 if is_number(value) else to_boolean(value)
    number = int(value) if isinstance(value, bool) else to_decimal(value)
    if not is_number(number):
        return UNDEFINED
    return math.floor(number) if kind == "int" else decimal.Decimal(number)


def _binary(sign: str, left: Value, right: Value) -> Value:
    if sign in ("and", "or"):
        truths = (to_boolean(left), to_boolean(right))
        return UNDEFINED if UNDEFINED in truths else (all(truths) if sign == "and" else any(truths))
    if sign == "=":
        return values.equal(left, right)
    if sign == "<>":
        same = values.equal(left, right)
        return UNDEFINED if same is UNDEFINED else not same
    if sign == "in":
        if left is UNDEFINED or not isinstance(right, list):
            return UNDEFINED
        return any(values.equal(left, item) is True for item in right)
    if sign == "+" and (isinstance(left, str) or isinstance(right, str)):
        texts = (to_string(left), to_string(right))
        return UNDEFINED if UNDEFINED in texts else "".join(texts)
    try:
        return _arithmetic(sign, to_decimal(left), to_decimal(right))
    except decimal.DecimalException:  # out of range
        return UNDEFINED


def _arithmetic(sign: str, left: Value, right: Value) -> Value:
    if not is_number(left) or not is_number(right):
        return UNDEFINED
    if comparison := _COMPARISONS.get(sign):
        return comparison(left, right)
    if sign == "/":
        return functions.divide(left, right)
    if sign == "%":
        return functions.remainder(left, right)
    calculate = {"+": operator.add, "-": operator.sub, "*": operator.mul}[sign]
    if isinstance(left, int) and isinstance(right, int):
        return calculate(left, right)
    with decimal.localcontext(values.DECIMALS):
        return calculate(decimal.Decimal(left), decimal.Decimal(right))
