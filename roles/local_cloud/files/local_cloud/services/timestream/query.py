# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""timestream-query: Query in pages, over a snapshot."""

from __future__ import annotations

import collections
import collections.abc as c
import contextlib
import re
import secrets
import sys
import threading
import time
import typing as t

import duckdb

from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.timestream import dialect
from local_cloud.services.timestream.catalogue import DATABASE, TABLE, Shared, table_arn_tail, table_key
from local_cloud.services.timestream.mirror import Mirror
from local_cloud.services.timestream.results import ColumnType, column_info, row
from local_cloud.services.timestream.syntax import NotSupported, QueryError
from local_cloud.store import Record

TIMEOUT: t.Final = 60.0
FETCHED_AT_ONCE: t.Final = 1000
MOST_PAGE_SIZE: t.Final = 1_000_000
MOST_OPEN: t.Final = 64
IDLE: t.Final = 300.0


class OpenQuery:
    """A query with rows left. It reads from the snapshot that it was begun on, however much is written meanwhile."""

    def __init__(self, text: str, principal: str | None, cursor: duckdb.DuckDBPyConnection, types: list[ColumnType]) -> None:
        self.id = secrets.token_hex(26).upper()
        self.text = text
        self.principal = principal
        self.lock = threading.Lock()
        self.ended = False
        self.used = time.monotonic()
        self._cursor = cursor
        self._types = types
        self._waiting: collections.deque[tuple[t.Any, ...]] = collections.deque()
        self._pages = 0
        self._last: tuple[int, Answer] | None = None

    def page(self, number: int, most_rows: int) -> Answer:
        """Page ``number`` (from 0): the next one, or once more the last one, as a client may have lost the answer."""
        with self.lock, _deadline(self._cursor):
            return self._page(number, most_rows)

    def _page(self, number: int, most_rows: int) -> Answer:
        if self._last is not None and self._last[0] == number:
            return self._last[1]
        if self.ended or number != self._pages:
            raise _invalid_token()
        rows: list[dict[str, t.Any]] = []
        size = 0
        while len(rows) < most_rows and size < MOST_PAGE_SIZE and self._more():
            values = self._waiting.popleft()
            size += sum(len(str(value)) for value in values)
            rows.append(row(values, self._types))
        self._pages += 1
        self.ended = not self._more()
        answer: Answer = {
            "QueryId": self.id,
            "Rows": rows,
            "ColumnInfo": column_info(self._types),
            "QueryStatus": {"ProgressPercentage": 100.0, "CumulativeBytesScanned": size, "CumulativeBytesMetered": 10_000_000},
        }
        if not self.ended:
            answer["NextToken"] = f"{self.id}.{self._pages}"
        else:
            self._cursor.close()
        self._last = (number, answer)
        return answer

    def cancel(self) -> None:
        with contextlib.suppress(duckdb.Error):  # it may just have ended by itself
            self._cursor.interrupt()
        with self.lock:
            self.ended, self._last = True, None
            self._cursor.close()

    def _more(self) -> bool:
        if not self._waiting:
            self._waiting.extend(self._cursor.fetchmany(FETCHED_AT_ONCE))
        return bool(self._waiting)


class TimestreamQuery(Shared):
    models = ("timestream-query",)

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._mirror: Mirror | None = None
        self._lock = threading.Lock()
        self._open: collections.OrderedDict[str, OpenQuery] = collections.OrderedDict()

    def stop(self) -> None:
        with self._lock:
            if self._mirror is not None:
                self._mirror.close()
                self._mirror = None

    def query(self, request: Request) -> Answer:
        text = request.parameters["QueryString"]
        token = request.parameters.get("NextToken")
        number = 0
        if token is None:
            query = self._begin(request, text)
        else:
            query, number = self._resume(request, token)
        try:
            answer = query.page(number, request.parameters.get("MaxRows", sys.maxsize))
        except duckdb.Error as error:
            raise _refusal(error, None) from None
        if token is not None or "NextToken" in answer:
            self._keep(query)
        return answer

    def cancel_query(self, request: Request) -> Answer:
        self.cloud.authorize(request, "timestream:CancelQuery", "*")
        with self._lock:
            query = self._open.pop(request.parameters["QueryId"], None)
        if query is None:
            raise ApiError("ValidationException", f"The query {request.parameters['QueryId']} does not exist or has ended.")
        query.cancel()
        return {"CancellationMessage": f"Query {query.id} has been cancelled."}

    def _begin(self, request: Request, text: str) -> OpenQuery:
        mirror = self._get_mirror()
        authorized = False

        def resolve(database: str, table: str, place: str) -> dialect.View:
            nonlocal authorized
            authorized = True
            self.cloud.authorize(request, "timestream:Select", self.cloud.arn("timestream", table_arn_tail(database, table)))
            record = self._find(database, table, place)
            return mirror.view(record["Id"], record["RetentionProperties"]["MagneticStoreRetentionPeriodInDays"])

        try:
            translation = dialect.translate(text, resolve, int(self.cloud.now() * 1e9))
        except QueryError as error:
            raise ApiError("ValidationException", str(error)) from None
        except NotSupported as error:
            raise _not_implemented(error) from None
        if not authorized:
            self.cloud.authorize(request, "timestream:SelectValues", "*")
        cursor = mirror.cursor()
        try:
            types = [ColumnType.of(name, kind) for name, kind, *_unused in cursor.execute(f"describe {translation.sql}").fetchall()]
            names = ", ".join(f"c{number}" for number in range(len(types)))
            shown = ", ".join(f"cast(c{number} as {kind.cast})" for number, kind in enumerate(types))
            with _deadline(cursor):
                cursor.execute(f"select {shown} from ({translation.sql}) as result({names})")
        except duckdb.Error as error:
            cursor.close()
            raise _refusal(error, translation) from None
        return OpenQuery(text, request.principal, cursor, types)

    def _resume(self, request: Request, token: str) -> tuple[OpenQuery, int]:
        query_id, _unused, number = token.partition(".")
        with self._lock:
            query = self._open.get(query_id)
        same = query is not None and (query.text, query.principal) == (request.parameters["QueryString"], request.principal)
        if query is None or not same or not number.isdecimal():
            raise _invalid_token()
        return query, int(number)

    def _keep(self, query: OpenQuery) -> None:
        """Keeps a query for its next page, and drops those that nobody came back for."""
        query.used = time.monotonic()
        with self._lock:
            self._open[query.id] = query
            self._open.move_to_end(query.id)
            oldest = next(iter(self._open.values()))
            dropped = []
            while len(self._open) > MOST_OPEN or oldest.used < query.used - IDLE:
                dropped.append(self._open.popitem(last=False)[1])
                oldest = next(iter(self._open.values()))
        for old in dropped:
            old.cancel()

    def _get_mirror(self) -> Mirror:
        with self._lock:
            if self._mirror is None:
                with self.cloud.store.transaction() as db:
                    path = db.execute("select file from pragma_database_list where name = 'main'").fetchone()[0]
                self._mirror = Mirror(path, self.cloud.settings.home / "timestream-spill")
            mirror = self._mirror
        mirror.forget(keep={record["Id"] for _unused, record in self.cloud.store.list(TABLE)})
        return mirror

    def _find(self, database: str, table: str, place: str) -> Record:
        record = self.cloud.store.get(TABLE, table_key(database, table))
        if record is not None:
            return record
        if self.cloud.store.get(DATABASE, database) is None:
            message = f"Requested database '{database}' not found for identifier '{database}.{table}' at {place}"
        else:
            message = f"Requested table '{table}' not found in database '{database}' at {place}"
        raise ApiError("ValidationException", message)


@contextlib.contextmanager
def _deadline(cursor: duckdb.DuckDBPyConnection) -> c.Iterator[None]:
    """Interrupts what runs on the cursor for longer than AWS allows."""
    timer = threading.Timer(TIMEOUT, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _invalid_token() -> ApiError:
    return ApiError("ValidationException", "Invalid pagination token.")


_MISSING: t.Final = re.compile(
    r'Referenced (?:column|table) "([^"]+)" not found|does not have a column named "([^"]+)"'
    r'|Column "([^"]+)" referenced that exists in the SELECT clause'
)
_UNGROUPED: t.Final = re.compile(r'column "?([^"]+?)"? must appear in the GROUP BY clause')
_UNLIKE: t.Final = re.compile(r"Cannot (?:compare|mix) values of type (\S+) and (?:type )?(\S+)")
_PARAMETERS: t.Final = re.compile(
    r"(?:No function matches the given name and argument types '|candidate function for the function call \")([^(]+)\("
)
_UNKNOWN: t.Final = re.compile(r"Function with name \"?(\w+)\"? does not exist")


def _refusal(error: duckdb.Error, translation: dialect.Translation | None) -> ApiError:
    """DuckDB's words in AWS's: what is wrong, and where in the client's own query."""
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        return ApiError("QueryExecutionException", f"The query was cancelled, or ran for longer than {TIMEOUT:.0f} seconds.")
    if match := _UNKNOWN.search(text):
        return _not_implemented(f"The function {match[1]}")
    return ApiError("ValidationException", _explain(text, translation) or text.split("\n", 1)[0])


def _explain(text: str, translation: dialect.Translation | None) -> str | None:
    places = translation.places if translation else {}

    def at(name: str) -> str:
        return places.get(name.partition("::")[0].lower(), "line 1:1")

    if match := _MISSING.search(text):
        name = next(group for group in match.groups() if group)
        return f"{at(name)}: Column '{name}' does not exist"
    if match := _UNGROUPED.search(text):
        return f"{at(match[1])}: '{match[1]}' must be an aggregate expression or appear in GROUP BY clause"
    if translation and (match := _UNLIKE.search(text)):
        left, right = (ColumnType.of("", kind).scalar.lower() for kind in match.groups())
        place, operator = translation.comparison
        return f"{place}: '{operator}' cannot be applied to {left}, {right}"
    if match := _PARAMETERS.search(text):
        return f"{at(match[1])}: Unexpected parameters for function {match[1]}"
    return None


def _not_implemented(what: object) -> ApiError:
    return ApiError("NotImplemented", f"{what} of Timestream's SQL is not implemented by the local cloud.", status=501)
