#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: twinmaker_scene
short_description: Manage an AWS IoT TwinMaker scene with its document and its models
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Creates, updates and deletes a scene, and keeps its document and the files that it shows (3D models, textures) in the bucket of the
    workspace in step with local files.
  - TwinMaker keeps only the address of a scene's document and never looks into it. This module compares contents by SHA-256, and a changed
    content is a change. What is the same is not uploaded.
  - The SHA-256 is kept in the metadata of the objects. Of objects that others have put, the ETag is compared where it is an MD5, and of a
    document the JSON, where addresses in the bucket count as the keys that they are.
  - Big files are uploaded in parts of 8 MiB, of which few are in memory at once. S3 verifies every upload by its checksum. What has been
    uploaded is written to the system log of the machine that runs the module every few seconds.
  - A document that AWS's scene viewer cannot show (no C(specVersion), C(nodes) or C(rootNodeIndexes), a node without a C(transform), indexes
    of nodes and cameras or names of rules that do not exist) is refused before anything is changed.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.tags
  - amazon.aws.boto3
attributes:
  check_mode:
    support: full
    details:
      - In check mode a workspace that is not there is taken for one that a task before would have made.
options:
  workspace_id:
    description: The workspace.
    type: str
    required: true
  scene_id:
    description: The id, which never changes.
    type: str
    required: true
  state:
    description: Whether the scene is to be there.
    type: str
    choices: [present, absent]
    default: present
  src:
    description: The file of the scene document, on the machine that runs the module. It is uploaded as it is.
    type: path
  content:
    description: The scene document itself.
    type: dict
  content_location:
    description:
      - Where the document is (C(s3://BUCKET/KEY)).
      - By default where it is already, and for a new scene C(SCENE_ID.json) in the bucket of the workspace.
      - Without O(src) and O(content) the document there is left to others.
    type: str
  resources:
    description:
      - Files that the document shows, for the bucket of the workspace. They are uploaded before the document.
      - Scenes may share them, so they are never deleted.
    type: list
    elements: dict
    suboptions:
      src:
        description: A file, or a folder with all that is below it, on the machine that runs the module.
        type: path
        required: true
      key:
        description: The key of the object, by default the name of the file. For a folder what comes before the names, by default nothing.
        type: str
  description:
    description: A description of one line. An empty text takes it away.
    type: str
  capabilities:
    description: What the viewer needs to be able to do for this scene, such as V(MATTERPORT). The list is the complete set.
    type: list
    elements: str
  metadata:
    description: Metadata of the scene, such as V(MATTERPORT_SECRET_ARN). The map is the complete set.
    type: dict
  delete_content:
    description: With O(state=absent), whether to delete the document too. Resources stay.
    type: bool
    default: false
seealso:
  - module: energytwin.aws.twinmaker_scene_info
  - module: energytwin.aws.twinmaker_workspace
  - plugin: energytwin.aws.tmdt_snapshot
    plugin_type: lookup
notes:
  - The caller needs C(s3:GetObject) and C(s3:PutObject), and C(s3:ListBucket) so that S3 tells a missing object from a forbidden one.
"""

EXAMPLES = r"""
- name: A scene with its model
  energytwin.aws.twinmaker_scene:
    workspace_id: example-plant_workspace
    scene_id: plant
    src: files/plant.json
    resources:
      - src: files/plant.glb
    description: The plant from above
    tags:
      Site: example-plant

- name: A scene from variables, and all models of a folder below models/
  energytwin.aws.twinmaker_scene:
    workspace_id: example-plant_workspace
    scene_id: hall-1
    content:
      specVersion: "1.0"
      version: "1"
      unit: meters
      nodes:
        - name: Hall
          transform: {position: [0, 0, 0]}
          components:
            - {type: ModelRef, uri: models/hall-1.glb, modelType: GLB}
      rootNodeIndexes: [0]
      cameras: []
      rules: {}
    resources:
      - src: files/models
        key: models

- name: No such scene, and no document either
  energytwin.aws.twinmaker_scene:
    workspace_id: example-plant_workspace
    scene_id: hall-1
    state: absent
    delete_content: true
"""

RETURN = r"""
scene:
  description: The scene as it is after the task, in check mode as it was before. Empty if it is not there.
  returned: always
  type: dict
  contains:
    scene_id:
      description: The id.
      type: str
      returned: always
      sample: plant
    arn:
      description: The ARN.
      type: str
      returned: always
      sample: arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/example-plant_workspace/scene/plant
    content_location:
      description: Where the document is.
      type: str
      returned: always
      sample: s3://example-plant-twin/plant.json
    description:
      description: The description.
      type: str
      returned: if there is one
      sample: The plant from above
    capabilities:
      description: What the viewer needs to be able to do.
      type: list
      elements: str
      returned: if there are any
      sample: [MATTERPORT]
    metadata:
      description: The metadata.
      type: dict
      returned: if there is any
      sample: {}
    tags:
      description: The tags.
      type: dict
      returned: always
      sample: {Site: example-plant}
uploads:
  description: The objects that were uploaded, in check mode those that would be.
  returned: always
  type: list
  elements: str
  sample: ["s3://example-plant-twin/plant.glb", "s3://example-plant-twin/plant.json"]
diff:
  description: The scene as it is and as it will be, in the shape of the options.
  returned: always
  type: dict
  contains:
    before:
      description:
        - As it is, with the contents that are there of the files that are wanted. Empty if there is nothing.
        - If a document takes the place of another, C(document) has what differs between them.
      type: dict
      returned: always
      sample: {}
    after:
      description: As it will be. Empty if it goes.
      type: dict
      returned: always
      sample: {content_location: "s3://example-plant-twin/plant.json", files: {"s3://example-plant-twin/plant.glb": "sha256 0b3d..., 4711 bytes"}}
reasons:
  description: Why something changes. Empty if nothing does.
  returned: always
  type: list
  elements: str
  sample:
    - is not there
    - s3://example-plant-twin/plant.glb is not there
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, checked_tags, connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api, checks, objects
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.objects import Content, Location, location
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.scene_files import CONCURRENCY, Files
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.scenes import (
    OPTIONS,
    as_bytes,
    change_scene,
    check_document,
    parsed,
    picture,
    shown_scene,
)
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.workspaces import bucket_of, required_workspace

Answer = dict[str, t.Any]

# Where files will be in the bucket of a workspace that a check has not made.
UNKNOWN_BUCKET = "(bucket of the workspace)"


class Scene:
    """One scene of a workspace."""

    def __init__(self, module: AnsibleAWSModule) -> None:
        self.module = module
        self.parameters: Answer = module.params
        self.workspace_id: str = module.params["workspace_id"]
        self.scene_id: str = module.params["scene_id"]
        self.client = connect(module, "iottwinmaker")
        self.s3 = connect(module, "s3", CONCURRENCY)

    def tags(self, answer: Answer | None) -> dict[str, str]:
        return api.list_tags(self.client, answer["arn"]) if answer else {}

    def document(self) -> tuple[Answer | None, Content | None]:
        """The document that is given, parsed and as it is to be stored; None if it is left to others."""
        if self.parameters["content"] is not None:
            document, name = self.parameters["content"], "content"
            text = as_bytes(document)
        elif self.parameters["src"] is not None:
            name = f"The scene document '{self.parameters['src']}'"
            text = objects.read_file(self.parameters["src"])
            document = parsed(text, name)
        else:
            return None, None
        check_document(document, name)
        return document, Content(body=text)

    def bucket(self) -> str | None:
        """The bucket of the workspace, None if it is not there in check mode."""
        if self.module.check_mode and api.get_workspace(self.client, self.workspace_id) is None:
            return None
        return bucket_of(required_workspace(self.client, self.workspace_id))

    def resources(self, bucket: str) -> dict[Location, Content]:
        wanted: dict[Location, Content] = {}
        for index, resource in enumerate(self.parameters["resources"] or []):
            for key, path in objects.files_of(resource["src"], resource["key"], f"resources[{index}].src").items():
                other = wanted.get(Location(bucket, key))
                if other is not None:
                    raise Refused(f"resources[{index}]: '{path}' and '{other.path}' would both be '{key}'; give one of them another key.")
                wanted[Location(bucket, key)] = Content(path=path)
        return wanted

    def present(self) -> Answer:
        document, text = self.document()
        answer = api.get_scene(self.client, self.workspace_id, self.scene_id)
        url = str(self.parameters["content_location"] or (answer or {}).get("contentLocation") or "")
        if not url and text is None:
            raise Refused(
                f"There is no scene '{self.scene_id}' in workspace '{self.workspace_id}' yet; give src, content or content_location."
            )
        exists = True
        wanted: dict[Location, Content] = {}
        if answer is None or self.parameters["resources"]:
            bucket = self.bucket()
            exists = bucket is not None
            wanted = self.resources(bucket or UNKNOWN_BUCKET)
            url = url or Location(bucket or UNKNOWN_BUCKET, f"{self.scene_id}.json").url()
        target = location(url)
        if text is not None:
            if target in wanted:
                raise Refused(f"resources: '{wanted[target].path}' would take the place of the scene document; give it another key.")
            wanted[target] = text
        return self.bring(answer, url, Files(self.s3, wanted, document, lambda: self.bucket() or "", exists=exists))

    def bring(self, answer: Answer | None, url: str, files: Files) -> Answer:
        given = {member: self.parameters[option] for member, option in OPTIONS.items() if self.parameters[option] is not None}
        tags, wanted_tags = self.tags(answer), checked_tags(self.parameters["tags"])
        change = change_scene(answer, tags, {**given, "contentLocation": url}, wanted_tags, self.parameters["purge_tags"])
        reasons = change.reasons + files.reasons()
        found, put = files.document_changes()
        if reasons and not self.module.check_mode:
            # The files first: a scene is never shown without them, and a run that ends here is finished by the next one.
            for target in files.to_upload:
                objects.upload(self.s3, target, files.wanted[target], self.module.log)
            if answer is None:
                sent = {member: value for member, value in change.request.items() if value not in ("", [], {})}
                if not self.create({**sent, **({"tags": change.tags.to_set} if change.tags.to_set else {})}):
                    return {**self.present(), "changed": True, "uploads": [target.url() for target in files.to_upload]}
            else:
                if change.request:
                    api.update_scene(self.client, self.workspace_id, self.scene_id, change.request)
                api.write_tags(self.client, answer["arn"], change.tags)
            answer = api.get_scene(self.client, self.workspace_id, self.scene_id)
            tags = change.tags.applied(tags)
        return {
            "changed": bool(reasons),
            "scene": shown_scene(answer, tags),
            "uploads": [target.url() for target in files.to_upload],
            "diff": as_diff(_with(change.before, files.before(), found), _with(change.after, files.after(), put)),
            "reasons": reasons,
        }

    def create(self, request: Answer) -> bool:
        """False: the scene is there by now; another run was faster, or AWS's first answer got lost."""
        try:
            api.create_scene(self.client, self.workspace_id, self.scene_id, request)
        except AwsError as error:
            if error.code != "ConflictException" or api.get_scene(self.client, self.workspace_id, self.scene_id) is None:
                raise
            return False
        return True

    def absent(self) -> Answer:
        answer = api.get_scene(self.client, self.workspace_id, self.scene_id)
        if answer is None:
            return {"changed": False, "scene": {}, "uploads": [], "diff": as_diff({}, {}), "reasons": []}
        tags = self.tags(answer)
        if not self.module.check_mode:
            if self.parameters["delete_content"]:
                # Before the scene, which alone knows where its document is.
                objects.delete(self.s3, *location(answer["contentLocation"]))
            api.delete_scene(self.client, self.workspace_id, self.scene_id)
        return {
            "changed": True,
            "scene": shown_scene(answer, tags) if self.module.check_mode else {},
            "uploads": [],
            "diff": as_diff(picture(answer, tags), {}),
            "reasons": ["is not wanted"],
        }


def _with(shape: Answer, files: dict[str, str], document: Answer) -> Answer:
    return {**shape, **({"files": files} if files else {}), **({"document": document} if document else {})}


def work(module: AnsibleAWSModule) -> Answer:
    parameters = module.params
    checks.check(
        {
            "workspace_id": (checks.WORKSPACE_ID, parameters["workspace_id"]),
            "scene_id": (checks.WORKSPACE_ID, parameters["scene_id"]),
            "description": (checks.DESCRIPTION, parameters["description"]),
            "content_location": (checks.CONTENT_LOCATION, parameters["content_location"]),
        }
    )
    if parameters["metadata"] is not None:
        parameters["metadata"] = {str(key): str(value) for key, value in parameters["metadata"].items()}
    scene = Scene(module)
    return scene.present() if parameters["state"] == "present" else scene.absent()


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "workspace_id": {"type": "str", "required": True},
            "scene_id": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "src": {"type": "path"},
            "content": {"type": "dict"},
            "content_location": {"type": "str"},
            "resources": {
                "type": "list",
                "elements": "dict",
                "options": {"src": {"type": "path", "required": True}, "key": {"type": "str", "no_log": False}},
            },
            "description": {"type": "str"},
            "capabilities": {"type": "list", "elements": "str"},
            "metadata": {"type": "dict"},
            "delete_content": {"type": "bool", "default": False},
            "tags": {"type": "dict", "aliases": ["resource_tags"]},
            "purge_tags": {"type": "bool", "default": True},
        },
        mutually_exclusive=[("src", "content")],
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
