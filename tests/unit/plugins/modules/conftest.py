# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs modules in this process against AWS APIs that live in memory.

The clients are boto3's own, with its checks of parameters; a fake answers where the request would be sent.
"""

from __future__ import annotations

import collections.abc as c
import copy
import datetime
import importlib
import json
import threading
import time
import typing as t

import boto3
import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

Answer = dict[str, t.Any]
NOW = datetime.datetime(2026, 11, 23, 10, tzinfo=datetime.timezone.utc)
ARN = "arn:aws:iottwinmaker:eu-central-1:123456789012:workspace/"
STATUS = {"CREATING": "ACTIVE", "UPDATING": "ACTIVE", "DELETING": None}


class Fault(Exception):
    """An error that the API answers with."""

    def __init__(self, code: str, message: str = "no reason", status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


class Killed(BaseException):
    """The process was killed: nothing after it happens."""


class FakeApi:
    """Answers the calls of a boto3 client with the methods that have the names of its operations.

    calls: the operations that were called. before, after: hooks that see each call (its name, its number from 0) and may
    raise Fault, or anything else; after runs when the call has had its effect.
    """

    service = ""

    def __init__(self, session: boto3.Session) -> None:
        self.calls: list[str] = []
        self.before: list[c.Callable[[str, int], None]] = []
        self.after: list[c.Callable[[str, int], None]] = []
        self.lock = threading.RLock()
        self.client = session.client(
            self.service, region_name="eu-central-1", aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="example"
        )
        self.client.meta.events.register(f"before-parameter-build.{self.client.meta.service_model.service_id.hyphenize()}", self._keep)
        self.client.meta.events.register(f"before-call.{self.client.meta.service_model.service_id.hyphenize()}", self._answer)

    def count(self, operation: str) -> int:
        return self.calls.count(operation)

    def writes(self) -> list[str]:
        return [call for call in self.calls if not call.startswith(("Get", "List"))]

    @staticmethod
    def _keep(params: Answer, context: Answer, **_event: t.Any) -> None:
        context["fake_params"] = copy.deepcopy(params)

    def _answer(self, model: t.Any, context: Answer, **_event: t.Any) -> tuple[t.Any, Answer]:
        class Http:
            status_code = 200

        try:
            with self.lock:
                number = len(self.calls)
                self.calls.append(model.name)
                for hook in self.before:
                    hook(model.name, number)
                answer = copy.deepcopy(getattr(self, model.name)(**context["fake_params"]))
                for hook in self.after:
                    hook(model.name, number)
                return Http(), answer
        except Fault as fault:
            Http.status_code = fault.status
            return Http(), {"Error": {"Code": fault.code, "Message": fault.message}, "ResponseMetadata": {"HTTPStatusCode": fault.status}}

    @staticmethod
    def page(key: str, items: list[t.Any], request: Answer) -> Answer:
        size = request.get("maxResults", 25)
        start = int(request.get("nextToken", "0"))
        answer = {key: items[start : start + size]}
        return {**answer, "nextToken": str(start + size)} if start + size < len(items) else answer


class FakeTwinMaker(FakeApi):
    """One workspace, as far as AWS documents what it does.

    settle: how often something is read as changing before it has settled. broken: entity or type ids that end in ERROR.
    """

    service = "iottwinmaker"

    def __init__(self, session: boto3.Session) -> None:
        super().__init__(session)
        self.workspaces: dict[str, Answer] = {}
        self.types: dict[str, Answer] = {}
        self.entities: dict[str, Answer] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.scenes: list[Answer] = []
        self.settle = 0
        self.left: dict[str, int] = {}
        self.broken: dict[str, str] = {}
        self.readings: c.Callable[[Answer], Answer] = lambda request: {"propertyValues": []}

    # Set-up and a look inside, for tests.

    def add_workspace(self, workspace_id: str = "plant") -> None:
        arn = f"{ARN}{workspace_id}"
        self.workspaces[workspace_id] = {
            "workspaceId": workspace_id,
            "arn": arn,
            "description": "",
            "creationDateTime": NOW,
            "updateDateTime": NOW,
        }
        self.tags.setdefault(arn, {})

    def tree(self) -> dict[str, tuple[str, str]]:
        return {entity_id: (entity["parentEntityId"], entity["entityName"]) for entity_id, entity in self.entities.items()}

    def values(self, entity_id: str) -> dict[str, dict[str, t.Any]]:
        components = self.entities[entity_id]["components"]
        return {
            name: {key: item["value"] for key, item in component["properties"].items() if "value" in item}
            for name, component in components.items()
        }

    def _begin(self, key: str, item: Answer, state: str) -> str:
        self.left[key] = self.settle
        item["status"] = {"state": state, "error": {}}
        return state

    def _seen(self, key: str, item: Answer) -> Answer | None:
        """The item as it is read now; it settles after some reads. None: it is gone."""
        state = item["status"]["state"]
        if state in STATUS and self.left[key] > 0:
            self.left[key] -= 1
        elif state in STATUS and (broken := self.broken.get(key)):
            item["status"] = {"state": "ERROR", "error": {"code": "VALIDATION_ERROR", "message": broken}}
        elif state in STATUS:
            if STATUS[state] is None:
                return None
            item["status"] = {"state": STATUS[state], "error": {}}
        return item

    # Workspaces

    def _workspace(self, workspace_id: str) -> Answer:
        if workspace_id not in self.workspaces:
            raise Fault("ResourceNotFoundException", f"Workspace {workspace_id} not found", 404)
        return self.workspaces[workspace_id]

    def GetWorkspace(self, workspaceId: str) -> Answer:
        return self._workspace(workspaceId)

    def CreateWorkspace(self, workspaceId: str, tags: dict[str, str] | None = None, **members: t.Any) -> Answer:
        if workspaceId in self.workspaces:
            raise Fault("ConflictException", "exists", 409)
        self.add_workspace(workspaceId)
        self.workspaces[workspaceId].update(members)
        self.tags[f"{ARN}{workspaceId}"] = tags or {}
        return {"arn": f"{ARN}{workspaceId}", "creationDateTime": NOW}

    def UpdateWorkspace(self, workspaceId: str, **members: t.Any) -> Answer:
        self._workspace(workspaceId).update(members)
        return {"updateDateTime": NOW}

    def DeleteWorkspace(self, workspaceId: str) -> Answer:
        del self.workspaces[self._workspace(workspaceId)["workspaceId"]]
        return {}

    def ListScenes(self, workspaceId: str, **request: t.Any) -> Answer:
        return self.page("sceneSummaries", self.scenes, request)

    def ListSyncJobs(self, workspaceId: str, **request: t.Any) -> Answer:
        return self.page("syncJobSummaries", [], request)

    # Tags

    def ListTagsForResource(self, resourceARN: str, **request: t.Any) -> Answer:
        found = self.page("tags", sorted(self.tags[resourceARN].items()), {**request, "maxResults": 1})
        return {**found, "tags": dict(found["tags"])}

    def TagResource(self, resourceARN: str, tags: dict[str, str]) -> Answer:
        self.tags[resourceARN].update(tags)
        return {}

    def UntagResource(self, resourceARN: str, tagKeys: list[str]) -> Answer:
        for key in tagKeys:
            self.tags[resourceARN].pop(key, None)
        return {}

    # Component types

    def _flat(self, type_id: str) -> Answer:
        own = self.types[type_id]
        definitions: Answer = {}
        for parent in own.get("extendsFrom", []):
            for name, item in self._flat(parent).get("propertyDefinitions", {}).items():
                definitions[name] = {**item, "isInherited": True}
        for name, item in own.get("propertyDefinitions", {}).items():
            full = {
                "isTimeSeries": False,
                "isRequiredInEntity": False,
                "isExternalId": False,
                "isStoredExternally": False,
                "isFinal": False,
            }
            inherited = definitions.get(name, {})
            definitions[name] = {**full, **inherited, **item, "isImported": False, "isInherited": bool(inherited)}
        return {**own, "propertyDefinitions": definitions}

    def GetComponentType(self, workspaceId: str, componentTypeId: str) -> Answer:
        self._workspace(workspaceId)
        item = self.types.get(componentTypeId)
        if item is None or self._seen(componentTypeId, item) is None:
            self.types.pop(componentTypeId, None)
            raise Fault("ResourceNotFoundException", "no such type", 404)
        return self._flat(componentTypeId)

    def CreateComponentType(self, workspaceId: str, componentTypeId: str, tags: dict[str, str] | None = None, **members: t.Any) -> Answer:
        if componentTypeId in self.types:
            raise Fault("ConflictException", "exists", 409)
        for parent in members.get("extendsFrom", []):
            if parent not in self.types:
                raise Fault("ValidationException", f"Component types [{parent}] do not exist in workspace")
        arn = f"{ARN}{workspaceId}/component-type/{componentTypeId}"
        self.types[componentTypeId] = {
            "workspaceId": workspaceId,
            "componentTypeId": componentTypeId,
            "arn": arn,
            "creationDateTime": NOW,
            "updateDateTime": NOW,
            **members,
        }
        self.tags[arn] = tags or {}
        return {"arn": arn, "creationDateTime": NOW, "state": self._begin(componentTypeId, self.types[componentTypeId], "CREATING")}

    def UpdateComponentType(self, workspaceId: str, componentTypeId: str, **members: t.Any) -> Answer:
        item = self.types[componentTypeId]
        if self._users(componentTypeId) and any(members.get(key, {}) != item.get(key, {}) for key in ("propertyDefinitions", "functions")):
            raise Fault("ValidationException", "component type is in use")
        kept = {
            key: value
            for key, value in item.items()
            if key in ("workspaceId", "componentTypeId", "arn", "creationDateTime", "updateDateTime")
        }
        self.types[componentTypeId] = {**kept, **members}
        return {**kept, "state": self._begin(componentTypeId, self.types[componentTypeId], "UPDATING")}

    def DeleteComponentType(self, workspaceId: str, componentTypeId: str) -> Answer:
        return {"state": self._begin(componentTypeId, self.types[componentTypeId], "DELETING")}

    def ListComponentTypes(self, workspaceId: str, filters: list[Answer] | None = None, **request: t.Any) -> Answer:
        extends = (filters or [{}])[0].get("extendsFrom")
        own = [item for item in self.types.values() if extends is None or extends in item.get("extendsFrom", [])]
        foreign = {"componentTypeId": "com.amazon.kvs.video", "arn": f"{ARN}AmazonOwnedTypesWorkspace/component-type/com.amazon.kvs.video"}
        return self.page("componentTypeSummaries", [*own, foreign] if extends is None else own, request)

    def _users(self, type_id: str) -> list[Answer]:
        return [
            entity
            for entity in self.entities.values()
            if any(component["componentTypeId"] == type_id for component in entity["components"].values())
        ]

    # Entities

    def _entity(self, entity_id: str) -> Answer:
        entity = self.entities.get(entity_id)
        if entity is None:
            raise Fault("ResourceNotFoundException", f"Entity {entity_id} not found", 404)
        return entity

    def _check_place(self, entity_id: str, parent_id: str, name: str) -> None:
        if parent_id != "$ROOT" and parent_id not in self.entities:
            raise Fault("ValidationException", f"Unable to find parent entity id {parent_id}")
        node = parent_id
        while node != "$ROOT":
            if node == entity_id:
                raise Fault("ValidationException", "an entity cannot be below itself")
            node = self.entities[node]["parentEntityId"]
        siblings = (other for other_id, other in self.entities.items() if other_id != entity_id and other["parentEntityId"] == parent_id)
        if parent_id != "$ROOT" and any(other["entityName"] == name for other in siblings):
            raise Fault("ConflictException", f"name {name} is taken below {parent_id}", 409)

    def _property(self, component: Answer, name: str, item: Answer) -> None:
        known = self._flat(component["componentTypeId"])["propertyDefinitions"]
        if name not in known and name not in component["properties"] and "definition" not in item:
            raise Fault("ValidationException", f"Property {name} is not defined")
        definition = item.get("definition") or component["properties"].get(name, {}).get("definition") or known[name]
        value = item.get("value", component["properties"].get(name, {}).get("value"))
        component["properties"][name] = {"definition": definition, **({} if value is None else {"value": value})}

    def _new_component(self, name: str, request: Answer, properties: str) -> Answer:
        type_id = request["componentTypeId"]
        if type_id not in self.types:
            raise Fault("ValidationException", f"Component type {type_id} not found")
        component: Answer = {
            "componentName": name,
            "componentTypeId": type_id,
            "description": request.get("description", ""),
            "properties": {},
        }
        component["status"] = {"state": "ACTIVE", "error": {}}
        for key, definition in self._flat(type_id)["propertyDefinitions"].items():
            component["properties"][key] = {"definition": {**definition, "isInherited": True}}
        for key, item in request.get(properties, {}).items():
            self._property(component, key, item)
        missing = [
            key for key, item in component["properties"].items() if item["definition"].get("isRequiredInEntity") and "value" not in item
        ]
        if missing:
            raise Fault("ValidationException", f"Properties {missing} must have a value")
        return component

    def CreateEntity(self, workspaceId: str, entityId: str, entityName: str, **members: t.Any) -> Answer:
        self._workspace(workspaceId)
        if entityId in self.entities:
            raise Fault("ConflictException", f"Entity {entityId} exists", 409)
        parent_id = members.get("parentEntityId", "$ROOT")
        self._check_place(entityId, parent_id, entityName)
        arn = f"{ARN}{workspaceId}/entity/{entityId}"
        entity: Answer = {
            "workspaceId": workspaceId,
            "entityId": entityId,
            "entityName": entityName,
            "arn": arn,
            "description": members.get("description", ""),
            "parentEntityId": parent_id,
            "hasChildEntities": False,
            "creationDateTime": NOW,
            "updateDateTime": NOW,
            "components": {name: self._new_component(name, item, "properties") for name, item in members.get("components", {}).items()},
        }
        self.entities[entityId] = entity
        self.tags[arn] = members.get("tags", {})
        return {"entityId": entityId, "arn": arn, "creationDateTime": NOW, "state": self._begin(entityId, entity, "CREATING")}

    def GetEntity(self, workspaceId: str, entityId: str) -> Answer:
        entity = self._entity(entityId)
        if self._seen(entityId, entity) is None:
            del self.entities[entityId]
            raise Fault("ResourceNotFoundException", f"Entity {entityId} not found", 404)
        return entity

    def UpdateEntity(self, workspaceId: str, entityId: str, **members: t.Any) -> Answer:
        entity = copy.deepcopy(self._entity(entityId))
        state = entity["status"]["state"]
        if state in STATUS and self.left[entityId] > 0:
            raise Fault("ValidationException", f"Cannot update Entity when it is in {state} state")
        parent = members.get("parentEntityUpdate")
        if parent:
            entity["parentEntityId"] = "$ROOT" if parent["updateType"] == "DELETE" else parent["parentEntityId"]
        entity["entityName"] = members.get("entityName", entity["entityName"])
        entity["description"] = members.get("description", entity["description"])
        self._check_place(entityId, entity["parentEntityId"], entity["entityName"])
        for name, update in members.get("componentUpdates", {}).items():
            self._update_component(entity["components"], name, update)
        self.entities[entityId] = entity
        return {"updateDateTime": NOW, "state": self._begin(entityId, entity, "UPDATING")}

    def _update_component(self, components: Answer, name: str, update: Answer) -> None:
        kind = update["updateType"]
        if kind == "CREATE" and name in components:
            raise Fault("ValidationException", f"Component {name} cannot be created as it already exists")
        if kind != "CREATE" and name not in components:
            raise Fault("ValidationException", f"Component {name} does not exist")
        if kind == "CREATE":
            components[name] = self._new_component(name, update, "propertyUpdates")
        elif kind == "DELETE":
            del components[name]
        else:
            components[name]["description"] = update.get("description", components[name]["description"])
            for key, item in update.get("propertyUpdates", {}).items():
                if item["updateType"] == "RESET_VALUE":
                    del components[name]["properties"][key]["value"]
                else:
                    self._property(components[name], key, item)

    def DeleteEntity(self, workspaceId: str, entityId: str, isRecursive: bool) -> Answer:
        entity = self._entity(entityId)
        if any(other["parentEntityId"] == entityId for other in self.entities.values()):
            raise Fault("ValidationException", f"Entity {entityId} has children")
        return {"state": self._begin(entityId, entity, "DELETING")}

    def ListEntities(self, workspaceId: str, filters: list[Answer] | None = None, **request: t.Any) -> Answer:
        found = list(self.entities.values())
        for item in filters or []:
            if "parentEntityId" in item:
                found = [entity for entity in found if entity["parentEntityId"] == item["parentEntityId"]]
            if "componentTypeId" in item:
                found = self._users(item["componentTypeId"])
        summaries = [{key: value for key, value in entity.items() if key not in ("components", "syncSource")} for entity in found]
        return self.page("entitySummaries", summaries, request)

    # Values

    def GetPropertyValueHistory(self, workspaceId: str, **request: t.Any) -> Answer:
        return self.readings(request)


class FakeIot(FakeApi):
    """Topic rules."""

    service = "iot"

    def __init__(self, session: boto3.Session) -> None:
        super().__init__(session)
        self.rules: dict[str, Answer] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.denied: set[str] = set()

    @staticmethod
    def arn(name: str) -> str:
        return f"arn:aws:iot:eu-central-1:123456789012:rule/{name}"

    def GetTopicRule(self, ruleName: str) -> Answer:
        if ruleName not in self.rules or ruleName in self.denied:
            raise Fault("UnauthorizedException", f"Access to topic rule '{ruleName}' was denied", 401)
        return {"ruleArn": self.arn(ruleName), "rule": {"ruleName": ruleName, "createdAt": NOW, **self.rules[ruleName]}}

    def ListTopicRules(self, **request: t.Any) -> Answer:
        return self.page("rules", [{"ruleName": name} for name in self.rules], request)

    def CreateTopicRule(self, ruleName: str, topicRulePayload: Answer) -> Answer:
        if ruleName in self.rules:
            raise Fault("ResourceAlreadyExistsException", "exists", 409)
        self.rules[ruleName] = self._with_defaults(topicRulePayload)
        self.tags[self.arn(ruleName)] = {}
        return {}

    def ReplaceTopicRule(self, ruleName: str, topicRulePayload: Answer) -> Answer:
        self.rules[ruleName] = self._with_defaults(topicRulePayload)
        return {}

    @staticmethod
    def _with_defaults(payload: Answer) -> Answer:
        actions = [
            {kind: {**content, "qos": 0} if kind == "republish" else content for kind, content in action.items()}
            for action in payload["actions"]
        ]
        return {"ruleDisabled": False, "awsIotSqlVersion": "2015-10-08", **payload, "actions": actions}

    def EnableTopicRule(self, ruleName: str) -> Answer:
        self.rules[ruleName]["ruleDisabled"] = False
        return {}

    def DisableTopicRule(self, ruleName: str) -> Answer:
        self.rules[ruleName]["ruleDisabled"] = True
        return {}

    def DeleteTopicRule(self, ruleName: str) -> Answer:
        del self.rules[ruleName]
        return {}

    def ListTagsForResource(self, resourceArn: str, **request: t.Any) -> Answer:
        return {"tags": [{"Key": key, "Value": value} for key, value in self.tags[resourceArn].items()]}

    def TagResource(self, resourceArn: str, tags: list[dict[str, str]]) -> Answer:
        self.tags[resourceArn].update({tag["Key"]: tag["Value"] for tag in tags})
        return {}

    def UntagResource(self, resourceArn: str, tagKeys: list[str]) -> Answer:
        for key in tagKeys:
            self.tags[resourceArn].pop(key, None)
        return {}


@pytest.fixture
def fault() -> type[Fault]:
    return Fault


@pytest.fixture
def killed() -> type[Killed]:
    return Killed


@pytest.fixture(scope="session")
def session() -> boto3.Session:
    """One for all tests: it keeps the service models, which take long to load."""
    return boto3.Session()


@pytest.fixture
def twin(session: boto3.Session) -> FakeTwinMaker:
    fake = FakeTwinMaker(session)
    fake.add_workspace()
    return fake


@pytest.fixture
def iot(session: boto3.Session) -> FakeIot:
    return FakeIot(session)


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries do not wait."""
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


@pytest.fixture
def run(twin: FakeTwinMaker, iot: FakeIot, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> c.Callable[..., Answer]:
    """Runs a module: ``run("twinmaker_entities", check=True, workspace_id=...)`` gives its result. None is as good as not given."""
    clients = {"iottwinmaker": twin.client, "iot": iot.client}
    monkeypatch.setattr(AnsibleAWSModule, "client", lambda self, service, **settings: clients[service])

    def run_module(module_name: str, /, check: bool = False, **arguments: t.Any) -> Answer:
        module = importlib.import_module(f"ansible_collections.energytwin.aws.plugins.modules.{module_name}")
        given = {option: value for option, value in arguments.items() if value is not None}
        arguments = {"region": "eu-central-1", "_ansible_check_mode": check, "_ansible_diff": True, **given}
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        result = t.cast(Answer, json.loads(capsys.readouterr().out))
        assert "Traceback" not in json.dumps(result)
        return result

    return run_module


@pytest.fixture
def three_times(run: c.Callable[..., Answer]) -> c.Callable[..., Answer]:
    """Checks, applies and applies again; the check tells what the apply does, and the second apply does nothing. Gives the first apply's result."""

    def check_apply_apply(module_name: str, /, **arguments: t.Any) -> Answer:
        foretold = run(module_name, check=True, **arguments)
        done = run(module_name, **arguments)
        again = run(module_name, **arguments)
        for result in (foretold, done, again):
            assert not result.get("failed"), result.get("msg")
        assert foretold["changed"] is done["changed"] is True
        assert foretold["diff"] == done["diff"]
        assert foretold.get("plan") == done.get("plan")
        assert again["changed"] is False
        assert again["diff"]["before"] == again["diff"]["after"]
        return done

    return check_apply_apply
