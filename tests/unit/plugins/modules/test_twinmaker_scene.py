# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""twinmaker_scene on the local cloud: which contents count as changed, and how they get into the bucket."""

from __future__ import annotations

import collections.abc as c
import copy
import json
import os
import pathlib
import typing as t

import pytest
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.objects import MEBIBYTE, PART_BYTES, Progress
from local_cloud.cloud import Cloud
from tests.unit.plugins.modules.clouds import BUCKET, ROLE, furnished

DOCUMENT: dict[str, t.Any] = {
    "specVersion": "1.0",
    "nodes": [{"name": "Hall", "transform": {}, "components": [{"type": "ModelRef", "uri": "hall.glb", "modelType": "GLB"}]}],
    "rootNodeIndexes": [0],
}


@pytest.fixture
def cloud(tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Cloud]:
    """A cloud with a workspace, whose clients the modules get."""
    with furnished(tmp_path / "cloud") as made:
        clients = {service: made.client(service) for service in ("iottwinmaker", "s3")}
        monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: clients[service])
        clients["iottwinmaker"].create_workspace(workspaceId="plant", s3Location=f"arn:aws:s3:::{BUCKET}", role=ROLE)
        yield made


def with_uri(uri: str) -> dict[str, t.Any]:
    document = copy.deepcopy(DOCUMENT)
    document["nodes"][0]["components"][0]["uri"] = uri
    return document


def put(cloud: Cloud, key: str, body: bytes) -> None:
    cloud.client("s3").put_object(Bucket=BUCKET, Key=key, Body=body)


def scene(run: t.Any, **options: t.Any) -> dict[str, t.Any]:
    result = run("twinmaker_scene", workspace_id="plant", scene_id="hall", **options)
    assert not result.get("failed"), result["msg"]
    return t.cast("dict[str, t.Any]", result)


def test_a_document_in_another_spelling_is_the_same(cloud: Cloud, run: t.Any) -> None:
    scene(run, content=DOCUMENT)
    put(cloud, "hall.json", json.dumps(DOCUMENT, indent=7).encode())
    assert not scene(run, content=DOCUMENT)["changed"]


@pytest.mark.parametrize(
    ("stored", "wanted", "changed"),
    [
        (f"s3://{BUCKET}/hall.glb", "hall.glb", False),
        ("hall.glb", f"s3://{BUCKET}/hall.glb", False),
        ("s3://other-bucket/hall.glb", "hall.glb", True),
        (f"s3://{BUCKET}/other.glb", "hall.glb", True),
    ],
)
def test_an_address_in_the_workspace_s_bucket_is_the_key_that_it_is(
    cloud: Cloud, run: t.Any, stored: str, wanted: str, changed: bool
) -> None:
    scene(run, content=with_uri(stored))
    assert scene(run, content=with_uri(wanted))["changed"] is changed


def test_the_diff_shows_what_changes_in_the_document(cloud: Cloud, run: t.Any) -> None:
    rules = {name: {"statements": [{"expression": "kW >= 40", "target": "iottwinmaker.common.icon:Error"}]} for name in ("one", "two")}
    changed = copy.deepcopy(rules)
    changed["two"]["statements"][0]["expression"] = "kW >= 50"
    assert "document" not in scene(run, content={**DOCUMENT, "rules": rules})["diff"]["after"], "the whole of what is new would be long"
    second = scene(run, content={**DOCUMENT, "rules": changed}, _ansible_check_mode=True)
    assert second["diff"]["before"]["document"] == {"rules": {"two": rules["two"]}}
    assert second["diff"]["after"]["document"] == {"rules": {"two": changed["two"]}}
    assert "document" not in scene(run, content={**DOCUMENT, "rules": rules})["diff"]["after"]


def test_a_rule_of_a_motion_indicator_has_to_be_there(cloud: Cloud, run: t.Any) -> None:
    indicator = {
        "type": "MotionIndicator",
        "shape": "LinearPlane",
        "valueDataBindings": {"speed": {"ruleBasedMapId": "fast"}},
        "config": {},
    }
    content = {**DOCUMENT, "nodes": [{"name": "Arrows", "transform": {}, "components": [indicator]}]}
    result = run("twinmaker_scene", workspace_id="plant", scene_id="hall", content=content)
    where = "content.nodes[0].components[0].valueDataBindings.speed.ruleBasedMapId"
    assert result["msg"] == f"{where}: the document has no rule 'fast'; it has none."


@pytest.mark.parametrize("stored", [b"{", b"[]", b'{"specVersion": 1}', b'{"specVersion": "1.0", "nodes": [{"components": ["x"]}]}'])
def test_a_document_that_no_viewer_can_show_is_replaced(cloud: Cloud, run: t.Any, stored: bytes) -> None:
    scene(run, content=DOCUMENT)
    put(cloud, "hall.json", stored)
    result = scene(run, content=DOCUMENT)
    assert result["uploads"] == [f"s3://{BUCKET}/hall.json"]
    assert not scene(run, content=DOCUMENT)["changed"]


def test_a_big_model_goes_in_parts_that_s3_verifies(cloud: Cloud, tmp_path: pathlib.Path, run: t.Any, three_times: t.Any) -> None:
    model = tmp_path / "hall.glb"
    model.write_bytes(os.urandom(2 * PART_BYTES + 5))
    resources = [{"src": str(model)}]
    three_times("twinmaker_scene", workspace_id="plant", scene_id="hall", content=DOCUMENT, resources=resources)
    s3 = cloud.client("s3")
    stored = s3.head_object(Bucket=BUCKET, Key="hall.glb", ChecksumMode="ENABLED")
    assert stored["ETag"].strip('"').endswith("-3"), "three parts"
    assert stored["ContentType"] == "model/gltf-binary"
    assert s3.get_object(Bucket=BUCKET, Key="hall.glb")["Body"].read() == model.read_bytes()
    # The same size, another content.
    content = bytearray(model.read_bytes())
    content[-1] ^= 1
    model.write_bytes(bytes(content))
    assert scene(run, resources=resources)["uploads"] == [f"s3://{BUCKET}/hall.glb"]


def test_parts_are_sent_with_their_checksums(cloud: Cloud, tmp_path: pathlib.Path, run: t.Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, t.Any]] = []
    s3 = cloud.client("s3")
    s3.meta.events.register("provide-client-params.s3.UploadPart", lambda params, **event: sent.append(dict(params)))
    twin = cloud.client("iottwinmaker")
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **options: s3 if service == "s3" else twin)
    model = tmp_path / "hall.glb"
    model.write_bytes(bytes(PART_BYTES + 1))
    scene(run, content=DOCUMENT, resources=[{"src": str(model)}])
    assert [part["ChecksumAlgorithm"] for part in sent] == ["SHA256", "SHA256"]


def test_a_file_that_others_have_put_is_known_by_its_etag(cloud: Cloud, tmp_path: pathlib.Path, run: t.Any) -> None:
    (tmp_path / "hall.glb").write_bytes(b"glTF")
    put(cloud, "hall.glb", b"glTF")
    assert scene(run, content=DOCUMENT, resources=[{"src": str(tmp_path / "hall.glb")}])["uploads"] == [f"s3://{BUCKET}/hall.json"]


def test_a_folder_goes_with_all_that_is_below_it(cloud: Cloud, tmp_path: pathlib.Path, run: t.Any, three_times: t.Any) -> None:
    (tmp_path / "models" / "deep").mkdir(parents=True)
    (tmp_path / "models" / "a.glb").write_bytes(b"a")
    (tmp_path / "models" / "deep" / "b.bin").write_bytes(b"b")
    resources = [{"src": str(tmp_path / "models"), "key": "halls"}]
    result = three_times("twinmaker_scene", workspace_id="plant", scene_id="hall", content=DOCUMENT, resources=resources)
    assert result["uploads"] == [f"s3://{BUCKET}/{key}" for key in ("halls/a.glb", "halls/deep/b.bin", "hall.json")]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "There is no scene 'hall' in workspace 'plant' yet; give src, content or content_location."),
        ({"content": DOCUMENT, "resources": [{"src": "/no/such/file"}]}, "resources[0].src: there is no file '/no/such/file'"),
        ({"src": "/no/such/file"}, "The file '/no/such/file' cannot be read: No such file or directory"),
        ({"content_location": "https://x/y"}, "content_location: 'https://x/y' cannot be used"),
        ({"content": {**DOCUMENT, "specVersion": "2.0"}}, "content.specVersion: '2.0' is newer than the viewer"),
        ({"content": {**DOCUMENT, "rootNodeIndexes": [1]}}, "content.rootNodeIndexes: there is no node 1"),
        ({"content": {**DOCUMENT, "nodes": [{"transform": {}, "components": 5}]}}, "content.nodes[0].components: 5 is no list"),
        (
            {"content": {**DOCUMENT, "nodes": [{"transform": {}, "components": [{"type": "Tag", "ruleBasedMapId": ["x"]}]}]}},
            'content.nodes[0].components[0].ruleBasedMapId: the document has no rule ["x"]',
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(cloud: Cloud, run: t.Any, options: dict[str, t.Any], message: str) -> None:
    result = run("twinmaker_scene", workspace_id="plant", scene_id="hall", **options)
    assert result["failed"]
    assert message in result["msg"]
    assert cloud.client("iottwinmaker").list_scenes(workspaceId="plant")["sceneSummaries"] == []


def test_two_files_for_one_key_are_refused(cloud: Cloud, tmp_path: pathlib.Path, run: t.Any) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text(name)
    resources = [{"src": str(tmp_path / name), "key": "hall.glb"} for name in ("a", "b")]
    result = run("twinmaker_scene", workspace_id="plant", scene_id="hall", content=DOCUMENT, resources=resources)
    assert "would both be 'hall.glb'" in result["msg"]


def test_progress_is_told_every_few_seconds_with_what_is_done() -> None:
    now = [0.0]
    lines: list[str] = []
    progress = Progress("s3://b/k", 20 * MEBIBYTE, lines.append, clock=lambda: now[0])
    for seconds, count in ((1, 4), (2, 4), (6, 4), (7, 4), (12, 4)):
        now[0] = seconds
        progress(count * MEBIBYTE)
    assert lines == ["s3://b/k: 12 of 20 MiB", "s3://b/k: 20 of 20 MiB"]
