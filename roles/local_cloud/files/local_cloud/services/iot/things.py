# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Things, thing types and the principals that are attached to things."""

from __future__ import annotations

import typing as t
import uuid

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.iot import records
from local_cloud.services.iot.base import Part, exists, invalid, not_found, not_implemented, page
from local_cloud.store import Record

MAX_ATTRIBUTES: t.Final = 50
MAX_ATTRIBUTES_WITHOUT_TYPE: t.Final = 3


class Things(Part):
    # ---- things

    def create_thing(self, request: Request) -> Answer:
        name = request.parameters["thingName"]
        self.authorize(request, "thing", name)
        if "billingGroupName" in request.parameters:
            raise not_implemented("billing groups")
        wanted: Record = {"attributes": self._attributes({}, request), "type": request.parameters.get("thingTypeName")}
        with self.cloud.store.transaction():
            known = self.cloud.store.get(records.THING, name)
            if known is not None and {key: known[key] for key in wanted} != wanted:
                raise exists("Thing", name, known["id"], self.arn("thing", name))
            if known is None:
                self._check_type(wanted)
                known = {"id": str(uuid.uuid4()), "version": 1, **wanted}
                self.cloud.store.put(records.THING, name, known)
        return {"thingName": name, "thingArn": self.arn("thing", name), "thingId": known["id"]}

    def describe_thing(self, request: Request) -> Answer:
        name = request.parameters["thingName"]
        self.authorize(request, "thing", name)
        thing = self._thing(name)
        return {"defaultClientId": name, "thingId": thing["id"], **self._shown(name, thing)}

    def update_thing(self, request: Request) -> Answer:
        name = request.parameters["thingName"]
        self.authorize(request, "thing", name)
        with self.cloud.store.transaction():
            thing = self._thing(name)
            self._check_version(request, name, thing)
            kept = thing["attributes"] if "attributePayload" not in request.parameters else {}
            if request.parameters.get("attributePayload", {}).get("merge"):
                kept = thing["attributes"]
            thing["attributes"] = self._attributes(kept, request)
            if request.parameters.get("removeThingType"):
                if "thingTypeName" in request.parameters:
                    raise invalid("removeThingType cannot be true when thingTypeName is given")
                thing["type"] = None
            thing["type"] = request.parameters.get("thingTypeName", thing["type"])
            self._check_type(thing)
            thing["version"] += 1
            self.cloud.store.put(records.THING, name, thing)
        return {}

    def delete_thing(self, request: Request) -> Answer:
        name = request.parameters["thingName"]
        self.authorize(request, "thing", name)
        with self.cloud.store.transaction():
            thing = self.cloud.store.get(records.THING, name)
            if thing is None:
                return {}
            self._check_version(request, name, thing)
            if self.cloud.store.list(records.THING_PRINCIPAL, prefix=records.tied(name), limit=1):
                raise invalid(f"Cannot delete. Thing {name} is still attached to one or more principals")
            self.cloud.store.delete(records.THING, name)
        return {}

    def list_things(self, request: Request) -> Answer:
        wanted = request.parameters
        rows = (
            (name, self._shown(name, thing))
            for name, thing in self.cloud.store.list(records.THING)
            if ("thingTypeName" not in wanted or thing["type"] == wanted["thingTypeName"]) and _has_attribute(thing, request)
        )
        return page(request, rows, "things")

    def _thing(self, name: str) -> Record:
        thing = self.cloud.store.get(records.THING, name)
        if thing is None:
            raise not_found("Thing", name)
        return thing

    def _shown(self, name: str, thing: Record) -> Answer:
        shown = {"thingName": name, "thingArn": self.arn("thing", name), "attributes": thing["attributes"], "version": thing["version"]}
        return shown if thing["type"] is None else {**shown, "thingTypeName": thing["type"]}

    def _attributes(self, kept: dict[str, str], request: Request) -> dict[str, str]:
        """The attributes after the request; one with an empty value is removed."""
        merged = {**kept, **request.parameters.get("attributePayload", {}).get("attributes", {})}
        return {key: value for key, value in merged.items() if value}

    def _check_type(self, thing: Record) -> None:
        most = MAX_ATTRIBUTES_WITHOUT_TYPE if thing["type"] is None else MAX_ATTRIBUTES
        if len(thing["attributes"]) > most:
            raise invalid(f"The number of attributes, {len(thing['attributes'])}, exceeds the maximum of {most}")
        if thing["type"] is not None and self._type(thing["type"]).get("deprecated"):
            raise invalid(f"Can not associate deprecated thing type: {thing['type']}")

    def _check_version(self, request: Request, name: str, thing: Record) -> None:
        expected = request.parameters.get("expectedVersion")
        if expected is not None and expected != thing["version"]:
            message = f"The version for the thing {name} does not match the expected version. The current version is {thing['version']}."
            raise ApiError("VersionConflictException", message)

    # ---- thing types

    def create_thing_type(self, request: Request) -> Answer:
        name = request.parameters["thingTypeName"]
        self.authorize(request, "thingtype", name)
        properties = request.parameters.get("thingTypeProperties", {})
        arn = self.arn("thingtype", name)
        with self.cloud.store.transaction():
            known = self.cloud.store.get(records.THING_TYPE, name)
            if known is not None and known["properties"] != properties:
                raise exists("Thing Type", name, known["id"], arn)
            if known is None:
                known = {"id": str(uuid.uuid4()), "properties": properties, "created": self.milliseconds}
                self.cloud.store.put(records.THING_TYPE, name, known)
                if request.parameters.get("tags"):
                    self.cloud.store.put(records.TAGS, arn, {tag["Key"]: tag.get("Value", "") for tag in request.parameters["tags"]})
        return {"thingTypeName": name, "thingTypeArn": arn, "thingTypeId": known["id"]}

    def describe_thing_type(self, request: Request) -> Answer:
        name = request.parameters["thingTypeName"]
        self.authorize(request, "thingtype", name)
        thing_type = self._type(name)
        return {"thingTypeId": thing_type["id"], **self._shown_type(name, thing_type)}

    def list_thing_types(self, request: Request) -> Answer:
        wanted = request.parameters.get("thingTypeName")
        types = self.cloud.store.list(records.THING_TYPE)
        return page(request, ((name, self._shown_type(name, kind)) for name, kind in types if wanted in (None, name)), "thingTypes")

    def deprecate_thing_type(self, request: Request) -> Answer:
        name = request.parameters["thingTypeName"]
        self.authorize(request, "thingtype", name)
        with self.cloud.store.transaction():
            thing_type = self._type(name)
            thing_type["deprecated"] = None if request.parameters.get("undoDeprecate") else self.milliseconds
            self.cloud.store.put(records.THING_TYPE, name, thing_type)
        return {}

    def delete_thing_type(self, request: Request) -> Answer:
        """AWS also wants five minutes between deprecation and deletion; here there is no such wait."""
        name = request.parameters["thingTypeName"]
        self.authorize(request, "thingtype", name)
        with self.cloud.store.transaction():
            thing_type = self._type(name)
            if any(thing["type"] == name for _unused, thing in self.cloud.store.list(records.THING)):
                raise invalid(f"Cannot delete thing type : {name}. It is still associated with one or more things")
            if not thing_type.get("deprecated"):
                raise invalid(f"Cannot delete thing type : {name}. Thing type must be deprecated before it can be deleted")
            self.cloud.store.delete(records.THING_TYPE, name)
            self.cloud.store.delete(records.TAGS, self.arn("thingtype", name))
        return {}

    def _type(self, name: str) -> Record:
        thing_type = self.cloud.store.get(records.THING_TYPE, name)
        if thing_type is None:
            raise not_found("Thing Type", name)
        return thing_type

    def _shown_type(self, name: str, thing_type: Record) -> Answer:
        deprecated = thing_type.get("deprecated")
        metadata = {"deprecated": deprecated is not None, "creationDate": thing_type["created"]}
        if deprecated is not None:
            metadata["deprecationDate"] = deprecated
        return {
            "thingTypeName": name,
            "thingTypeArn": self.arn("thingtype", name),
            "thingTypeProperties": thing_type["properties"],
            "thingTypeMetadata": metadata,
        }

    # ---- principals of things

    def attach_thing_principal(self, request: Request) -> Answer:
        name, principal = request.parameters["thingName"], request.parameters["principal"]
        self.authorize(request, "thing", name)
        exclusive = request.parameters.get("thingPrincipalType") == "EXCLUSIVE_THING"
        with self.cloud.store.transaction():
            self._thing(name)
            self.check_principal(principal)
            attached = [
                record for _unused, record in self.cloud.store.list(records.THING_PRINCIPAL, parent=principal) if record["thing"] != name
            ]
            if attached and (exclusive or any(record["exclusive"] for record in attached)):
                raise invalid(f"The principal {principal} is attached to another thing, so it cannot be attached exclusively")
            tie = {"thing": name, "principal": principal, "exclusive": exclusive}
            self.cloud.store.put(records.THING_PRINCIPAL, records.pair(name, principal), tie, parent=principal)
        return {}

    def detach_thing_principal(self, request: Request) -> Answer:
        name, principal = request.parameters["thingName"], request.parameters["principal"]
        self.authorize(request, "thing", name)
        self._thing(name)
        self.cloud.store.delete(records.THING_PRINCIPAL, records.pair(name, principal))
        return {}

    def list_thing_principals(self, request: Request) -> Answer:
        return page(request, ((tie["principal"], tie["principal"]) for tie in self._principals(request)), "principals")

    def list_thing_principals_v2(self, request: Request) -> Answer:
        shown = ((tie["principal"], {"principal": tie["principal"], "thingPrincipalType": _kind(tie)}) for tie in self._principals(request))
        return page(request, shown, "thingPrincipalObjects")

    def list_principal_things(self, request: Request) -> Answer:
        return page(request, ((tie["thing"], tie["thing"]) for tie in self._things_of(request)), "things")

    def list_principal_things_v2(self, request: Request) -> Answer:
        shown = ((tie["thing"], {"thingName": tie["thing"], "thingPrincipalType": _kind(tie)}) for tie in self._things_of(request))
        return page(request, shown, "principalThingObjects")

    def _principals(self, request: Request) -> list[Record]:
        name = request.parameters["thingName"]
        self.authorize(request, "thing", name)
        self._thing(name)
        ties = self.cloud.store.list(records.THING_PRINCIPAL, prefix=records.tied(name))
        return [tie for _unused, tie in ties if request.parameters.get("thingPrincipalType") in (None, _kind(tie))]

    def _things_of(self, request: Request) -> list[Record]:
        self.check_principal(request.parameters["principal"])
        ties = self.cloud.store.list(records.THING_PRINCIPAL, parent=request.parameters["principal"])
        return [tie for _unused, tie in ties if request.parameters.get("thingPrincipalType") in (None, _kind(tie))]

    def check_principal(self, principal: str) -> None:
        """Raises unless it is the ARN of a certificate that exists; other principals are not known here."""
        head = self.arn("cert", "")
        if not principal.startswith(head):
            raise invalid(f"The principal {principal} is no certificate of this account; the local cloud knows no other principals")
        if self.cloud.store.get(records.CERTIFICATE, principal[len(head) :]) is None:
            raise not_found("Certificate", principal[len(head) :])


def _kind(tie: Record) -> str:
    return "EXCLUSIVE_THING" if tie["exclusive"] else "NON_EXCLUSIVE_THING"


def _has_attribute(thing: Record, request: Request) -> bool:
    name, value = request.parameters.get("attributeName"), request.parameters.get("attributeValue")
    if name is None:
        return True
    found = thing["attributes"].get(name)
    if found is None or value is None:
        return found is not None
    return found.startswith(value) if request.parameters.get("usePrefixAttributeValue") else bool(found == value)
