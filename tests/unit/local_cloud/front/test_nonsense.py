# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever comes in, the client gets an answer that says what is wrong with it."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.front.core import scope_of
from local_cloud.front.moto import MODELS
from local_cloud.protocol import models
from local_cloud.protocol.http import HttpRequest
from local_cloud.settings import Settings
from tests.unit.local_cloud.shapes import OWN_SERVICES

SERVICES = (*OWN_SERVICES, *MODELS)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
raw = st.text(alphabet="abc019/%?&=.+{}$:~\x7f", max_size=20)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Cloud]:
    """One cloud for all nonsense: it must not hurt."""
    cloud = build(Settings(home=pathlib.Path(tmp_path_factory.mktemp("nonsense")) / "cloud"))
    yield cloud
    cloud.stop()


@st.composite
def requests(draw: st.DrawFn) -> HttpRequest:
    """An operation's address with anything as its labels, parameters and body; or no operation at all."""
    service = draw(st.sampled_from(SERVICES))
    model = models.service_model(service)
    operation = models.operation_model(service, draw(st.sampled_from(model.operation_names)))
    path, _, literal = operation.http["requestUri"].partition("?")
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + draw(raw.map(lambda text: text.replace("{", "x"))) + rest.partition("}")[2]
    names = list(operation.input_shape.members) if operation.input_shape is not None else []
    members = draw(st.dictionaries(st.sampled_from(names) if names else st.text(max_size=5), json_values, max_size=4))
    headers = {
        "host": "127.0.0.1",
        "authorization": f"AWS4-HMAC-SHA256 Credential=AKIAX/20260101/eu-central-1/{scope_of(service)}/aws4_request, Signature=0",
        "x-amz-target": f"{model.metadata.get('targetPrefix')}.{draw(st.just(operation.name) | raw)}",
    }
    if model.metadata["protocol"] == "query":
        body = f"Action={operation.name}&{draw(raw)}".encode() + draw(st.binary(max_size=10))
    else:
        body = draw(st.just(json.dumps(members).encode()) | st.binary(max_size=20))
    method = draw(st.just(operation.http["method"]) | st.sampled_from(["GET", "PATCH", "OPTIONS"]))
    return HttpRequest(method, path or "/", "&".join(filter(None, [literal, draw(raw)])), headers, body)


NOT_UTF_8 = HttpRequest(
    "POST",
    "/",
    "",
    {"host": "127.0.0.1", "authorization": "AWS4-HMAC-SHA256 Credential=AKIAX/20260101/eu-central-1/iam/aws4_request, Signature=0"},
    b"Action=CreateLoginProfile&=\x80",
)


@example(request=NOT_UTF_8)
@settings(deadline=None, max_examples=400)
@given(request=requests())
def test_nonsense_is_answered_and_breaks_nothing(standing: Cloud, request: HttpRequest) -> None:
    response = standing.front.handle(request)
    assert 200 <= response.status < 600
    assert response.status != 500, response.body
