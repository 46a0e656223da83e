# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rule SQL into its syntax tree, and substitution templates into text and expressions.

Source: the AWS IoT SQL reference (SELECT, FROM, WHERE, operators, literals, CASE, JSON extensions, nested queries, substitution templates).
What the reference does not know, or this rules engine does not do, is refused here and never silently undefined later.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from local_cloud.broker import topics
from local_cloud.broker.rules import functions, syntax, values

VERSION_1: t.Final = "2015-10-08"
VERSION_2: t.Final = "2016-03-23"
VERSIONS: t.Final = (VERSION_1, VERSION_2)

_CASTS = {
    "string": "string", "nvarchar": "string", "text": "string", "ntext": "string", "varchar": "string",
    "int": "int", "integer": "int", "double": "decimal",
}  # fmt: skip
_CASTS_2 = {"decimal": "decimal", "bool": "boolean", "boolean": "boolean"}
_KEYWORDS = {"select", "from", "where", "as", "and", "or", "not", "in", "case", "when", "then", "else", "end", "exists"}
_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<single>'(?:[^']|'')*')
      | (?P<double>"(?:[^"\\]|\\.)*")
      | (?P<symbol><>|<=|>=|[-+*/%=<>(),.\[\]{}:])
    """,
    re.VERBOSE | re.DOTALL,
)


class SqlError(ValueError):
    """Rule SQL or a substitution template that cannot be parsed; the text names the place."""


@dataclasses.dataclass(frozen=True)
class Token:
    """kind: word, keyword, number, string, symbol or end. text: keywords in lower case, strings without quotes."""

    kind: str
    text: str
    start: int
    end: int
    quote: str = ""

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.text}'"


def parse(sql: str, version: str = VERSION_1) -> syntax.Statement:
    """The statement of a rule. Raises SqlError."""
    return _Parser(sql, version).statement()


def parse_template(text: str, version: str = VERSION_1) -> tuple[str | syntax.Expression, ...]:
    """The parts of a string with ``${expression}`` in it. Raises SqlError."""
    parts: list[str | syntax.Expression] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        if start > position:
            parts.append(text[position:start])
        parser = _Parser(text, version, start + 2)
        parts.append(parser.expression())
        position = parser.expect("symbol", "}").end
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)


class _Parser:
    def __init__(self, text: str, version: str, start: int = 0) -> None:
        if version not in VERSIONS:
            raise SqlError(f"SQL version '{version}' is not known here; use one of {', '.join(VERSIONS)}")
        self._text = text
        self._version = version
        self._token = self._scan(start)
        self._end = start

    # Tokens

    def _scan(self, position: int) -> Token:
        while position < len(self._text):
            match = _TOKEN.match(self._text, position)
            if match is None:
                raise SqlError(f"unexpected '{self._text[position]}' at position {position + 1} of: {self._text}")
            kind, text, end = str(match.lastgroup), match.group(), match.end()
            if kind == "single":
                return Token("string", text[1:-1].replace("''", "'"), position, end, "'")
            if kind == "double":
                return Token("string", re.sub(r'\\(["\\])', r"\1", text[1:-1]), position, end, '"')
            if kind == "word" and text.lower() in _KEYWORDS:
                return Token("keyword", text.lower(), position, end)
            if kind != "space":
                return Token(kind, text, position, end)
            position = end
        return Token("end", "", len(self._text), len(self._text))

    def _advance(self) -> Token:
        token = self._token
        self._end = token.end
        # The next token is scanned only when needed: after the "}" of a template comes plain text.
        self._token = self._scan(token.end) if token.text != "}" else Token("unread", "", token.end, token.end)
        return token

    def _peek(self) -> Token:
        if self._token.kind == "unread":
            self._token = self._scan(self._token.start)
        return self._token

    def _is(self, kind: str, *texts: str) -> bool:
        token = self._peek()
        return token.kind == kind and (not texts or token.text in texts)

    def _take(self, kind: str, *texts: str) -> Token | None:
        return self._advance() if self._is(kind, *texts) else None

    def expect(self, kind: str, text: str) -> Token:
        if not self._is(kind, text):
            raise self._error(f"'{text.upper()}' is expected")
        return self._advance()

    def _error(self, problem: str) -> SqlError:
        token = self._peek()
        return SqlError(f"{problem} (at position {token.start + 1}, before {token}): {self._text}")

    def _needs_version_2(self, what: str) -> None:
        if self._version == VERSION_1:
            raise self._error(f"{what} needs SQL version {VERSION_2}, and this rule has {VERSION_1}")

    # Statements

    def statement(self) -> syntax.Statement:
        if not self._is("keyword", "select"):
            raise self._error("a rule's SQL begins with SELECT")
        items, value = self._select_list()
        topic_filter = None
        if self._take("keyword", "from"):
            token = self._peek()
            if token.kind != "string" or token.quote != "'":
                raise self._error("the topic filter after FROM must stand in single quotes")
            topic_filter = self._advance().text
            if problem := topics.filter_problem(topic_filter):
                raise SqlError(f"the topic filter '{topic_filter}' {problem}")
        where = self.expression() if self._take("keyword", "where") else None
        if not self._is("end"):
            raise self._error("the statement should end")
        return syntax.Statement(syntax.Query(items, value, None, where), topic_filter, self._version)

    def _nested(self) -> syntax.Query:
        self._needs_version_2("a nested query")
        items, value = self._select_list()
        self.expect("keyword", "from")
        source = self.expression()
        where = self.expression() if self._take("keyword", "where") else None
        return syntax.Query(items, value, source, where)

    def _select_list(self) -> tuple[tuple[syntax.Item, ...], syntax.Expression | None]:
        self.expect("keyword", "select")
        if self._at_value_keyword():
            self._advance()
            return (), self.expression()
        items = [self._item()]
        while self._take("symbol", ","):
            items.append(self._item())
        return tuple(items), None

    def _at_value_keyword(self) -> bool:
        """VALUE is a keyword only where an expression follows: a field may have that name too."""
        token = self._peek()
        if token.kind != "word" or token.text.lower() != "value":
            return False
        after = self._scan(token.end)
        if after.kind == "symbol" and after.text == "*":
            beyond = self._scan(after.end)
            return beyond.kind == "end" or (beyond.kind == "keyword" and beyond.text in ("from", "where"))
        starts = after.kind in ("word", "number", "string") or (after.kind == "symbol" and after.text in "([{")
        return starts or (after.kind == "keyword" and after.text in ("case", "not", "exists"))

    def _item(self) -> syntax.Item:
        start = self._peek().start
        value = self.expression()
        if self._take("keyword", "as"):
            path = [self._any_word()]
            while self._take("symbol", "."):
                path.append(self._any_word())
            return syntax.Item(value, tuple(path))
        if isinstance(value, syntax.Star):
            return syntax.Item(value, ())
        name = value.name if isinstance(value, (syntax.Name, syntax.Member)) else self._text[start : self._end].strip()
        return syntax.Item(value, (name,))

    def _any_word(self) -> str:
        token = self._peek()
        if token.kind in ("word", "keyword"):
            return self._text[self._advance().start : self._end]
        if token.kind == "string" and token.quote == '"':
            return self._advance().text
        raise self._error("a name is expected")

    # Expressions, from the weakest operator to the strongest

    def expression(self) -> syntax.Expression:
        left = self._and()
        while self._take("keyword", "or"):
            left = syntax.Binary("or", left, self._and())
        return left

    def _and(self) -> syntax.Expression:
        left = self._not()
        while self._take("keyword", "and"):
            left = syntax.Binary("and", left, self._not())
        return left

    def _not(self) -> syntax.Expression:
        return syntax.Not(self._not()) if self._take("keyword", "not") else self._comparison()

    def _comparison(self) -> syntax.Expression:
        left = self._sum()
        while True:
            if token := self._take("symbol", "=", "<>", "<", "<=", ">", ">="):
                left = syntax.Binary(token.text, left, self._sum())
            elif self._take("keyword", "in"):
                left = syntax.Binary("in", left, self._sum())
            else:
                return left

    def _sum(self) -> syntax.Expression:
        left = self._product()
        while token := self._take("symbol", "+", "-"):
            left = syntax.Binary(token.text, left, self._product())
        return left

    def _product(self) -> syntax.Expression:
        left = self._unary()
        while token := self._take("symbol", "*", "/", "%"):
            left = syntax.Binary(token.text, left, self._unary())
        return left

    def _unary(self) -> syntax.Expression:
        if self._take("symbol", "-"):
            return syntax.Negative(self._unary())
        value = self._primary()
        while self._take("symbol", "."):
            value = syntax.Member(value, self._any_word())
        if self._is("symbol", "["):
            raise self._error("an array's item is read with get(array, index), not with [index]")
        return value

    def _primary(self) -> syntax.Expression:
        token = self._peek()
        if token.kind == "number":
            text = self._advance().text
            return syntax.Literal(int(text) if text.isdigit() else values.DECIMALS.create_decimal(text))
        if token.kind == "string":
            return syntax.Literal(self._advance().text)
        if token.kind == "word":
            return self._name_or_call()
        if self._take("symbol", "*"):
            return syntax.Star()
        if self._take("symbol", "("):
            inner: syntax.Expression = syntax.Nested(self._nested()) if self._is("keyword", "select") else self.expression()
            self.expect("symbol", ")")
            return inner
        if self._is("symbol", "["):
            return self._array()
        if self._is("symbol", "{"):
            return self._object()
        if self._take("keyword", "case"):
            return self._case()
        if self._take("keyword", "exists"):
            self.expect("symbol", "(")
            query = self._nested()
            self.expect("symbol", ")")
            return syntax.Exists(query)
        raise self._error("a value is expected")

    def _name_or_call(self) -> syntax.Expression:
        name = self._advance().text
        lower = name.lower()
        if self._take("symbol", "("):
            return self._cast() if lower == "cast" else self._call(name)
        if lower in ("true", "false"):
            return syntax.Literal(lower == "true")
        if lower == "null":
            return syntax.Literal(None)
        return syntax.Name(name)

    def _cast(self) -> syntax.Expression:
        value = self.expression()
        self.expect("keyword", "as")
        kind = self._any_word().lower()
        kinds = _CASTS | (_CASTS_2 if self._version == VERSION_2 else {})
        if kind not in kinds:
            raise self._error(f"cast to '{kind}' is not known in SQL version {self._version}, where {', '.join(sorted(kinds))} are")
        self.expect("symbol", ")")
        return syntax.Cast(value, kinds[kind])

    def _call(self, name: str) -> syntax.Expression:
        arguments: list[syntax.Expression] = []
        if not self._take("symbol", ")"):
            arguments.append(self.expression())
            while self._take("symbol", ","):
                arguments.append(self.expression())
            self.expect("symbol", ")")
        function = functions.FUNCTIONS.get(name.lower())
        if function is None:
            raise self._error(f"the function '{name}' is not implemented in the local cloud")
        if function.version_2:
            self._needs_version_2(f"the function '{name}'")
        return syntax.Call(name.lower(), tuple(arguments))

    def _array(self) -> syntax.Expression:
        self._needs_version_2("an array literal")
        self._advance()
        items: list[syntax.Expression] = []
        if not self._take("symbol", "]"):
            items.append(self.expression())
            while self._take("symbol", ","):
                items.append(self.expression())
            self.expect("symbol", "]")
        return syntax.ArrayOf(tuple(items))

    def _object(self) -> syntax.Expression:
        self._needs_version_2("an object literal")
        self._advance()
        members: list[tuple[str, syntax.Expression]] = []
        while not self._take("symbol", "}"):
            if members:
                self.expect("symbol", ",")
            if not self._is("string"):
                raise self._error("a key in quotes is expected")
            key = self._advance().text
            self.expect("symbol", ":")
            members.append((key, self.expression()))
        return syntax.ObjectOf(tuple(members))

    def _case(self) -> syntax.Expression:
        if self._is("keyword", "when"):
            raise self._error("CASE needs an expression that its WHEN clauses are compared with")
        subject = self.expression()
        branches: list[tuple[syntax.Expression, syntax.Expression]] = []
        while self._take("keyword", "when"):
            match = self.expression()
            self.expect("keyword", "then")
            branches.append((match, self.expression()))
        if not branches:
            raise self._error("CASE needs at least one WHEN")
        otherwise = self.expression() if self._take("keyword", "else") else None
        self.expect("keyword", "end")
        return syntax.Case(subject, tuple(branches), otherwise)
