# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every operation of the services that the local cloud answers itself goes through botocore's own serialiser and parser and back."""

from __future__ import annotations

import random
import typing as t
import urllib.parse

import botocore.parsers
import botocore.serialize
import pytest
from botocore.model import OperationModel

from local_cloud.errors import ApiError
from local_cloud.protocol import models, serialise
from local_cloud.protocol.http import HttpRequest
from local_cloud.protocol.parse import parse
from tests.unit.local_cloud.shapes import OWN_SERVICES, value_of, with_json_headers_as_text, with_moments_as_seconds

EXAMPLES = 3

# Operations whose bodies are streams of events in both directions, which nothing here implements.
STREAMS = {("lambda", "InvokeWithResponseStream")}


def operations() -> list[tuple[str, str, str]]:
    """With every protocol that the service speaks: a client takes the one that its botocore prefers."""
    return [
        (service, name, protocol)
        for service in OWN_SERVICES
        for name in models.service_model(service).operation_names
        if (service, name) not in STREAMS
        for protocol in models.service_model(service).metadata.get("protocols", [models.protocol_of(service)])
    ]


def sent_by_botocore(operation: OperationModel, parameters: dict[str, t.Any], protocol: str) -> HttpRequest:
    serializer = botocore.serialize.create_serializer(protocol, include_validation=False)
    sent = serializer.serialize_to_request(parameters, operation)
    path, _, literals = sent["url_path"].partition("?")
    given = sent["query_string"]
    query = urllib.parse.urlencode(given if isinstance(given, (dict, list)) else {}, doseq=True)
    body = sent["body"]
    if isinstance(body, dict):
        body = urllib.parse.urlencode(body)
    headers = {name.lower(): str(value) for name, value in sent["headers"].items()}
    return HttpRequest(
        sent["method"], path, "&".join(filter(None, [literals, query])), headers, body.encode() if isinstance(body, str) else body
    )


def without_empty_structures(value: t.Any) -> t.Any:
    """A form has no way to say that there is a structure without members."""
    if isinstance(value, dict):
        members = {key: without_empty_structures(item) for key, item in value.items()}
        return {key: item for key, item in members.items() if item != {}}
    return [without_empty_structures(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(("service", "name", "protocol"), operations())
def test_a_request_of_botocore_is_parsed_into_what_its_user_gave(service: str, name: str, protocol: str) -> None:
    operation = models.operation_model(service, name)
    for number in range(EXAMPLES):
        chance = random.Random(f"{service}.{name}.{number}")
        parameters = value_of(operation.input_shape, chance) if operation.input_shape is not None else {}
        request = sent_by_botocore(operation, parameters, protocol)
        target = models.target(service, request)
        assert target is not None
        assert target.operation == name
        expected = with_moments_as_seconds(parameters)
        if operation.input_shape is not None:
            expected = with_json_headers_as_text(expected, operation.input_shape)
        if protocol == "query":
            expected = without_empty_structures(expected)
        assert parse(service, target, request) == expected


@pytest.mark.parametrize(("service", "name", "protocol"), operations())
def test_an_answer_is_parsed_by_botocore_into_what_the_service_gave(service: str, name: str, protocol: str) -> None:
    operation = models.operation_model(service, name)
    parser = botocore.parsers.create_parser(protocol)
    for number in range(EXAMPLES):
        chance = random.Random(f"{service}.{name}.{number}")
        answer = value_of(operation.output_shape, chance) if operation.output_shape is not None else {}
        response = serialise.answer(service, name, answer, protocol)
        headers = {key.lower(): value for key, value in response.headers.items()}
        if operation.has_streaming_output:
            assert response.body == answer.get(operation.output_shape.serialization["payload"], b"")
            continue
        parsed = parser.parse({"status_code": response.status, "headers": headers, "body": response.body}, operation.output_shape)
        parsed.pop("ResponseMetadata")
        assert parsed == answer


@pytest.mark.parametrize(("service", "name", "protocol"), operations())
def test_every_declared_error_reaches_the_client_under_its_name_and_with_its_status(service: str, name: str, protocol: str) -> None:
    operation = models.operation_model(service, name)
    parser = botocore.parsers.create_parser(protocol)
    for shape in operation.error_shapes:
        code = shape.error_code
        response = serialise.error(service, name, ApiError(code, "why <it> failed"), protocol)
        headers = {key.lower(): value for key, value in response.headers.items()}
        parsed = parser.parse({"status_code": response.status, "headers": headers, "body": response.body}, operation.output_shape)
        assert parsed["Error"] == {**parsed["Error"], "Code": code, "Message": "why <it> failed"}
        assert response.status == shape.metadata.get("error", {}).get("httpStatusCode", response.status)
        assert response.status >= 400
