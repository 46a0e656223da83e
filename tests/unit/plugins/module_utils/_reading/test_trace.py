# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of a reading that stopped on its way."""

from __future__ import annotations

import io
import typing as t

import pytest
from botocore.exceptions import ClientError

from ansible_collections.energytwin.aws.plugins.module_utils._reading.marked import Failure, Hop, MarkedReading
from ansible_collections.energytwin.aws.plugins.module_utils._reading.trace import Path, Tracer

READING = MarkedReading("mdb", "5", "mdb", "meter-5", 1_795_400_000_000, 417.25)
PATH = Path("energy/plant", "plant_rule", None, "plant_energy", "plant-reader", "plant_workspace", None)
STORED = {"panelId": {"S": "mdb"}, "meterId": {"S": "5"}, "probe": {"N": "417.25"}}


class Reader:
    """A store that has the reading, a twin without it, and a reader that fails. code: of Lambda's error; empty, the function itself throws."""

    def __init__(self, code: str) -> None:
        self._code = code

    def batch_get_item(self, **_request: t.Any) -> dict[str, t.Any]:
        return {"Responses": {PATH.table_name: [STORED]}}

    def get_property_value_history(self, **_request: t.Any) -> dict[str, t.Any]:
        return {"propertyValues": []}

    def invoke(self, **_request: t.Any) -> dict[str, t.Any]:
        if self._code:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "Invoke")
        return {"Payload": io.BytesIO(b'{"errorMessage": "broken"}'), "FunctionError": "Unhandled"}


def failure(code: str) -> Failure:
    (found,) = Tracer(lambda _service: Reader(code), PATH).follow([READING], timeout=0)
    assert found.hop == Hop.READER
    return found


def test_a_reader_that_somebody_has_deleted_is_to_be_made_again() -> None:
    assert "drift-aware change set" in str(failure("ResourceNotFoundException"))


@pytest.mark.parametrize("code", ["", "AccessDeniedException"])
def test_of_a_reader_that_fails_the_log_is_to_be_read(code: str) -> None:
    assert "look at the log of the Lambda function 'plant-reader'" in str(failure(code))
