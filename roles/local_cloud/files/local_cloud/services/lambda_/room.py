# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all operations of Lambda share: functions by name or ARN, and who may do what with them."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.service import Request, Service
from local_cloud.services.lambda_ import configuration
from local_cloud.services.lambda_.code import CodeStore
from local_cloud.store import Record

FUNCTION: t.Final = "lambda-function"
_NAME: t.Final = re.compile(
    r"(?:arn:[^:]*:lambda:(?P<region>[^:]*):)?(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[\w-]+)(?::(?P<qualifier>.+))?"
)


class Room(Service):
    """A part of the service; ``Lambda`` puts the parts together."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._code = CodeStore(cloud.settings.home / "lambda")

    def _forget(self, arn: str) -> None:
        """Called when a function is gone."""

    def _parse(self, reference: str) -> tuple[str, str | None]:
        """(name, qualifier) of a function's name, ARN or partial ARN."""
        match = _NAME.fullmatch(reference)
        if match is None:
            raise ApiError("ValidationException", f"The function name {reference!r} is neither a name nor an ARN.", status=400)
        foreign = match["region"] not in (None, self.cloud.settings.region) or match["account"] not in (None, self.cloud.settings.account)
        if foreign:
            raise ApiError("ResourceNotFoundException", f"Functions from '{reference}' are not reachable in this region and account.")
        return match["name"], match["qualifier"]

    def _arn(self, name: str) -> str:
        return self.cloud.arn("lambda", f"function:{name}")

    def _find(self, reference: str, qualifier: str | None = None) -> Record:
        name, own_qualifier = self._parse(reference)
        wanted = qualifier or own_qualifier
        record = self.cloud.store.get(FUNCTION, name)
        if record is None or wanted not in (None, "$LATEST"):
            arn = self._arn(name) + (f":{wanted}" if wanted else "")
            raise ApiError("ResourceNotFoundException", f"Function not found: {arn}")
        return record

    def _authorized(self, request: Request, action: str, member: str = "FunctionName") -> Record:
        reference = request.parameters[member]
        self.cloud.authorize(request, f"lambda:{action}", self._arn(self._parse(reference)[0]))
        return self._find(reference, request.parameters.get("Qualifier"))

    def _shown(self, record: Record) -> dict[str, t.Any]:
        return configuration.shown(record, configuration.settles(record, self.cloud.now()))

    def _change(self, reference: str, change: c.Callable[[Record], Record]) -> Record:
        with self.cloud.store.transaction():
            record = change(self._find(reference))
            self.cloud.store.put(FUNCTION, record["FunctionName"], record)
        return record
