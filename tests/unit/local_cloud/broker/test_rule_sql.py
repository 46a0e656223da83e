# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rule SQL: the examples of the AWS IoT SQL reference, the types, and what is refused."""

from __future__ import annotations

import json
import typing as t

import pytest

from local_cloud.broker.rules import evaluate, parser, values
from local_cloud.broker.rules.context import Context, Message
from local_cloud.broker.rules.rule import compile_rule

V1, V2 = parser.VERSIONS


def context(payload: t.Any, version: str = V2, topic: str = "topic/subtopic", client_id: str | None = "gw-1") -> Context:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    message = Message(topic, data, client_id, "ba67293a", 1481825251155, "7e146a2c")
    return Context(message, version == V2, "123456789012")


def select(sql: str, payload: t.Any = None, version: str = V2, **more: t.Any) -> str:
    """The outgoing payload as text, "(no match)" if WHERE stops it."""
    passed, result = evaluate.run(parser.parse(sql, version), context({} if payload is None else payload, version, **more))
    return values.payload_of(result).decode() if passed else "(no match)"


def value(expression: str, payload: t.Any = None, version: str = V2, **more: t.Any) -> str:
    """An expression's value as JSON text, "" if it is Undefined."""
    return select(f"SELECT VALUE {expression} FROM 'a'", payload, version, **more)


COLOR = {"color": "red", "temperature": 50}
NESTED = {"e": [{"n": "temperature", "u": "Cel", "t": 1234, "v": 22.5}, {"n": "light", "u": "lm", "t": 1235, "v": 135}]}


@pytest.mark.parametrize(
    ("sql", "payload", "expected"),
    [
        ("SELECT * FROM 'a'", COLOR, '{"color":"red","temperature":50}'),
        ("select color from 'a'", COLOR, '{"color":"red"}'),
        ("SELECT color AS my_color FROM 'a'", COLOR, '{"my_color":"red"}'),
        ("SELECT color as my_color, temperature as fahrenheit FROM 'a'", COLOR, '{"my_color":"red","fahrenheit":50}'),
        ("SELECT *, 15 as speed FROM 'a'", COLOR, '{"color":"red","temperature":50,"speed":15}'),
        ("SELECT *, 'blue' as color FROM 'a'", COLOR, '{"color":"blue","temperature":50}'),
        ("SELECT VALUE color FROM 'a'", COLOR, '"red"'),
        ("SELECT VALUE * FROM 'a'", [1, 2], "[1,2]"),
        ("SELECT * FROM 'a'", b"no json", "no json"),
        ("SELECT color FROM 'a'", b"no json", "{}"),
        ("SELECT color.red as red_value FROM 'a'", {"color": {"red": 255}}, '{"red_value":255}'),
        ("SELECT color.red FROM 'a'", {"color": {"red": 255}}, '{"red":255}'),
        ("SELECT foo.bar AS bar.baz FROM 'a'", {"foo": {"bar": "RED"}}, '{"bar":{"baz":"RED"}}'),
        ("SELECT missing, color FROM 'a'", COLOR, '{"color":"red"}'),
        ("SELECT NULL AS n, true AS t FROM 'a'", {}, '{"n":null,"t":true}'),
        ("SELECT (temperature - 32) * 5 / 9 AS c, upper(color) as k FROM 'a'", COLOR, '{"c":10,"k":"RED"}'),
        ("SELECT timestamp, value, time FROM 'a'", {"timestamp": 1, "value": 2, "time": 3}, '{"timestamp":1,"value":2,"time":3}'),
        ("SELECT timestamp() AS timestamp FROM 'a'", {}, '{"timestamp":1481825251155}'),
        ("SELECT topic(2) FROM 'a'", {}, '{"topic(2)":"subtopic"}'),
        ("SELECT [lat, long] as lat_long FROM 'a'", {"lat": 47.696, "long": -122.332}, '{"lat_long":[47.696,-122.332]}'),
        ("SELECT {'x': get(p, 0), 'y': get(p, 1)} as p FROM 'a'", {"p": [47.606, -1]}, '{"p":{"x":47.606,"y":-1}}'),
        ("SELECT (SELECT VALUE n FROM e) as sensors FROM 'a'", NESTED, '{"sensors":["temperature","light"]}'),
        ("SELECT (SELECT v FROM e WHERE n = 'temperature') as t FROM 'a'", NESTED, '{"t":[{"v":22.5}]}'),
        ("SELECT get((SELECT v FROM e WHERE n = 'temperature'), 0).v as t FROM 'a'", NESTED, '{"t":22.5}'),
        ("SELECT * FROM 'a' WHERE temperature > 50 AND color <> 'red'", COLOR, "(no match)"),
        ("SELECT color FROM 'a' WHERE temperature >= 50 AND NOT color = 'blue'", COLOR, '{"color":"red"}'),
        ("SELECT color FROM 'a' WHERE missing > 1", COLOR, "(no match)"),
        ("SELECT color FROM 'a' WHERE missing > 1 OR temperature = 50", COLOR, "(no match)"),
        ("SELECT color FROM 'a' WHERE color IN ['red', 'green']", COLOR, '{"color":"red"}'),
        ("SELECT color FROM 'a' WHERE exists(SELECT * FROM e WHERE v > 100)", {**NESTED, **COLOR}, '{"color":"red"}'),
        ("SELECT color WHERE temperature = 50", COLOR, '{"color":"red"}'),
    ],
)
def test_statements(sql: str, payload: t.Any, expected: str) -> None:
    assert select(sql, payload) == expected


@pytest.mark.parametrize(
    ("version", "expression", "payload", "expected"),
    [
        # The trap that the reference warns of: with 2016-03-23, a whole number is an Int whatever it is cast to.
        (V1, "cast(kW as double)", {"kW": 0}, "0.0"),
        (V2, "cast(kW as double)", {"kW": 0}, "0"),
        (V1, "kW", {"kW": 10.0}, "10.0"),
        (V2, "kW", {"kW": 10.0}, "10"),
        (V1, "cast(kW as double)", {"kW": 246.55}, "246.55"),
        (V2, "cast(kW as decimal)", {"kW": "246.50"}, "246.50"),
        (V1, "cast(kW as double)", {"kW": "5E-3"}, "0.005"),
        (V1, "cast(kW as double)", {"kW": "five"}, ""),
        (V1, "cast(kW as double)", {}, ""),
        (V1, "cast(kW as double)", {"kW": None}, ""),
        (V1, "cast(true as int)", {}, "1"),
        (V1, "cast(2.9 as int)", {}, "2"),
        (V1, "cast(-2.1 as int)", {}, "-3"),
        (V2, "cast(0 as boolean)", {}, "false"),
        (V2, "cast('TRUE' as bool)", {}, "true"),
        (V1, "cast(12 as varchar)", {}, '"12"'),
        (V1, "cast('1E9999' as double)", {}, ""),
        (V1, "x * x", {"x": 1.5e300}, "2.25E+600"),
        (V1, "x * x * x * x", {"x": 1.5e300}, ""),
        (V1, "x % 0.0", {"x": 1}, ""),
        (V1, "1 / 3", {}, "0"),
        (V1, "(-7) / 2", {}, "-3"),
        (V1, "7 / 2.0", {}, "3.5"),
        (V1, "7 / 0", {}, ""),
        (V1, "(-7) % 3", {}, "-1"),
        (V1, "7.5 % 2", {}, "1.5"),
        (V1, "0.1 + 0.2", {}, "0.3"),
        (V1, "2 + 3 * 4 - 1", {}, "13"),
        (V1, "(-(2 + 3))", {}, "-5"),
        (V1, "'a' + 1", {}, '"a1"'),
        (V1, "1 + missing", {}, ""),
        (V1, "'5' * 2", {}, "10.0"),
        (V1, "5 * 2", {}, "10"),
        (V1, "1 < '2'", {}, "true"),
        (V1, "1 < 'two'", {}, ""),
        (V1, "1 = 1.0", {}, "true"),
        (V1, "1 = '1'", {}, "false"),
        (V1, "1 <> '1'", {}, "true"),
        (V1, "true = 1", {}, "false"),
        (V1, "missing = 1", {}, ""),
        (V1, "x = y", {"x": {"a": [1, 2]}, "y": {"a": [1, 2]}}, "true"),
        (V1, "'true' AND true", {}, "true"),
        (V1, "false AND missing", {}, ""),
        (V1, "NOT 'false'", {}, "true"),
        (V1, "'it''s'", {}, '"it\'s"'),
        (V1, '"double"', {}, '"double"'),
        (V1, "CASE color WHEN 'green' THEN 'go' WHEN 'yellow' THEN 'caution' ELSE 'none' END", {"color": "yellow"}, '"caution"'),
        (V1, "CASE color WHEN 'green' THEN 'go' ELSE 'none' END", {"color": "blue"}, '"none"'),
        (V1, "CASE color WHEN 'green' THEN 'go' END", {"color": "blue"}, ""),
        (V1, "CASE missing WHEN 1 THEN 2 ELSE 3 END", {}, ""),
    ],
)
def test_types_and_operators(version: str, expression: str, payload: t.Any, expected: str) -> None:
    assert value(expression, payload, version) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("abs(-5)", "5"),
        ("abs('-5.123')", "5.123"),
        ("accountid()", '"123456789012"'),
        ("acos(2)", ""),
        ("bitand(13, 5)", "5"),
        ("ceil(-1.2)", "-1"),
        ("chr(65)", '"A"'),
        ("clientId()", '"gw-1"'),
        ("concat()", ""),
        ("concat(1)", "1"),
        ("concat(1, 'hello')", '"1hello"'),
        ("concat([1, 2], 'hello', [4])", '[1,2,"hello",4]'),
        ("decode('eyAidGVtcGVyYXR1cmUiOiAzMyB9Cg==', 'base64').temperature", "33"),
        ("decode('%', 'base64')", "null"),
        ("encode('hi', 'base64')", '"aGk="'),
        ("endswith('cat', 'at')", "true"),
        ("floor(-1.2)", "-2"),
        ("floor([1, 2])", ""),
        ("get(['a', 'b'], 1)", '"b"'),
        ("get({'a': 'b'}, 'a')", '"b"'),
        ("get('abc', 1)", '"b"'),
        ("get('abc', 3)", ""),
        ("indexof('abcd', 'bc')", "1"),
        ("isNull(NULL)", "true"),
        ("isNull(missing)", "false"),
        ("isUndefined(missing)", "true"),
        ("isUndefined(5)", "false"),
        ("length('hi')", "2"),
        ("length(false)", "5"),
        ("lower(['HELLO'])", '"[\\"hello\\"]"'),
        ("lpad('hello', 2)", '"  hello"'),
        ("Ltrim(' h i ')", '"h i "'),
        ("md5('hello')", '"5d41402abc4b2a76b9719d911017c592"'),
        ("mod(8, 3)", "2"),
        ("nanvl(missing, timestamp())", "1481825251155"),
        ("nanvl(8, 3)", "8"),
        ("numbytes('€')", "3"),
        ("power(2, 5)", "32"),
        ("power(2, 0.5)", "1.4142135623730951"),
        ("principal()", '"ba67293a"'),
        ("regexp_matches('aaaa', 'a{2,}')", "true"),
        ("regexp_matches('aaaa', '(')", ""),
        ("regexp_replace('abcd', 'b(.*)d', '$1')", '"ac"'),
        ("regexp_substr('hihihello', '(hi)*')", '"hihi"'),
        ("replace('abcdabcd', 'b', 'x')", '"axcdaxcd"'),
        ("round(1.5)", "2"),
        ("round(-1.5)", "-2"),
        ("round(-1.1)", "-1"),
        ("sign(-7)", "-1"),
        ("sqrt(-1)", ""),
        ("startswith('ranger', 'ran')", "true"),
        ("startswith(missing, 'ran')", ""),
        ("substring('012345', 2.745)", '"2345"'),
        ("substring(123, 2)", '"3"'),
        ("substring('012345', 1, 3)", '"12"'),
        ("substring('012345', -50, 50)", '"012345"'),
        ("substring('012345', 3, 1)", '""'),
        ("topic()", '"topic/subtopic"'),
        ("topic(1)", '"topic"'),
        ("topic(3)", ""),
        ("traceid()", '"7e146a2c"'),
        ("trunc(2.3456, 2)", "2.34"),
        ("upper(missing)", ""),
        ("floor(1, 2)", ""),
        ("transform('enrichArray', {'d': 1}, [{'a': 3}])", '[{"a":3,"d":1}]'),
    ],
)
def test_functions(expression: str, expected: str) -> None:
    assert value(expression) == expected


def test_numbers_out_of_range_are_not_there() -> None:
    assert select("SELECT * FROM 'a'", b'{"a":1E+5000,"b":1}') == '{"b":1}'
    assert select("SELECT a, b FROM 'a'", b'{"a":NaN,"b":1}') == "{}"  # no JSON at all


def test_what_the_message_is() -> None:
    assert value("encode(*, 'base64')", b"\xff\x00") == '"/wA="'
    assert value("clientid()", client_id=None) == '"n/a"'
    assert value("topic()", topic="$aws/rules/Ingest/Buildings/Building5/Floor2") == '"Buildings/Building5/Floor2"'
    assert value("topic(3)", topic="$aws/rules/Ingest/Buildings/Building5/Floor2") == '"Floor2"'
    assert value("newuuid()") != value("newuuid()")


@pytest.mark.parametrize(
    ("pattern", "zone", "expected"),
    [
        ("yyyy.MM.dd G 'at' HH:mm:ss z", "America/Belize", "1970.01.01 AD at 21:46:40 CST"),
        ("yyyy-MM-dd'T'HH:mm:ss.SSSZZ", "UTC", "1970-01-02T03:46:40.000+00:00"),
        ("d MMM yy, h:mm a", "UTC", "2 Jan 70, 3:46 AM"),
        ("EEEE", "UTC", "Friday"),
    ],
)
def test_parse_time(pattern: str, zone: str, expected: str) -> None:
    quoted = pattern.replace('"', '\\"')
    assert value(f'parse_time("{quoted}", 100000000, "{zone}")') == json.dumps(expected)


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("2020-04-03 09:45:18 UTC+01:00", "yyyy-MM-dd HH:mm:ss VV", "1585903518000"),
        ("18 December 2015", "dd MMMM yyyy", "1450396800000"),
        ("2007-12-03 10:15:30.592 America/Los_Angeles", "yyyy-MM-dd HH:mm:ss.SSS z", "1196705730592"),
        ("2026-11-23T08:00:00Z", "yyyy-MM-dd'T'HH:mm:ssX", "1795420800000"),
        ("2026-13-45", "yyyy-MM-dd", ""),
        ("yesterday", "yyyy-MM-dd", ""),
    ],
)
def test_time_to_epoch(text: str, pattern: str, expected: str) -> None:
    assert value(f'time_to_epoch("{text}", "{pattern}")') == expected


@pytest.mark.parametrize(
    ("version", "sql", "complaint"),
    [
        (V1, "this is no sql", "begins with SELECT"),
        (V1, "SELECT", "a value is expected"),
        (V1, "SELECT a FROM", "single quotes"),
        (V1, 'SELECT a FROM "a/b"', "single quotes"),
        (V1, "SELECT a FROM 'a/#/b'", "# that is not alone in the last level"),
        (V1, "SELECT a FROM 'a' GROUP BY b", "the statement should end"),
        (V1, "SELECT a FROM 'a' -- comment", "(at position"),
        (V1, "SELECT a b FROM 'a'", "the statement should end"),
        (V1, "SELECT foo(1) FROM 'a'", "the function 'foo' is not implemented"),
        (V1, "SELECT aws_lambda('x', a) FROM 'a'", "the function 'aws_lambda' is not implemented"),
        (V1, "SELECT isUndefined(a) FROM 'a'", "needs SQL version 2016-03-23"),
        (V1, "SELECT [a] AS a FROM 'a'", "an array literal needs SQL version 2016-03-23"),
        (V1, "SELECT cast(a as decimal) FROM 'a'", "cast to 'decimal'"),
        (V2, "SELECT cast(a as date) FROM 'a'", "cast to 'date'"),
        (V2, "SELECT a[0] FROM 'a'", "get(array, index)"),
        (V2, "SELECT CASE WHEN a THEN b END FROM 'a'", "CASE needs an expression"),
        (V2, "SELECT a FROM 'a' WHERE a != 1", "unexpected '!'"),
        (V2, "SET @x = 1 SELECT a FROM 'a'", "begins with SELECT"),
        ("2017-01-01", "SELECT a FROM 'a'", "SQL version '2017-01-01' is not known"),
    ],
)
def test_refusals(version: str, sql: str, complaint: str) -> None:
    with pytest.raises(parser.SqlError) as refusal:
        parser.parse(sql, version)
    assert complaint in str(refusal.value)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", "plain"),
        ("${topic()}/${timestamp()}", "topic/subtopic/1481825251155"),
        ("${panelId}-${meterId}", "mech-rooftop-5"),
        ("a${missing}b", "ab"),
        ("${kW}", "0.50"),
        ("${get({'a': '}'}, 'a')}}", "}}"),
        ('${parse_time("yyyy", timestamp(), "UTC")}/x', "2016/x"),
        ("${replace(topic(), '/', '-') + '-' + timestamp()}", "topic-subtopic-1481825251155"),
        ("$ {x} $", "$ {x} $"),
        ("${deep}", '{"a":[1,null]}'),
    ],
)
def test_templates(template: str, expected: str) -> None:
    payload = b'{"panelId":"mech-rooftop","meterId":5,"kW":0.50,"deep":{"a":[1,null]}}'
    assert evaluate.render(parser.parse_template(template, V2), context(payload)) == expected


@pytest.mark.parametrize("template", ["${", "${a", "${}", "${a b}"])
def test_broken_templates(template: str) -> None:
    with pytest.raises(parser.SqlError):
        parser.parse_template(template)


@pytest.mark.parametrize(
    ("action", "complaint"),
    [
        ({"sns": {"targetArn": "x", "roleArn": "y"}}, "the action 'sns' is not implemented"),
        ({"s3": {}, "lambda": {}}, "exactly one kind"),
        ({"s3": {"bucketName": "b", "key": "${foo()}", "roleArn": "r"}}, "the function 'foo'"),
        ({"timestream": {"dimensions": [{"name": "time", "value": "x"}]}}, "'time' cannot be the name"),
        ({"timestream": {"dimensions": [{"name": "a", "value": "x"}], "timestamp": {"value": "1", "unit": "HOURS"}}}, "'HOURS'"),
        ({"republish": {"topic": "a", "roleArn": "r", "headers": {"contentType": "x"}}}, "headers"),
    ],
)
def test_refused_actions(action: dict[str, t.Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        compile_rule("r", {"sql": "SELECT * FROM 'a'", "actions": [action]})
