# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Things: what is there against what is wanted. Pure."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import re
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value, shown

Answer = dict[str, t.Any]

THING_NAME = re.compile(r"[a-zA-Z0-9:_-]{1,128}")
ATTRIBUTE_NAME = re.compile(r"[a-zA-Z0-9_.,@/:#-]{1,128}")
ATTRIBUTE_VALUE = re.compile(r"[a-zA-Z0-9_.,@/:#=\[\]-]{1,800}")
MAX_ATTRIBUTES = 50
MAX_ATTRIBUTES_WITHOUT_TYPE = 3


@dataclasses.dataclass(frozen=True)
class ThingChange:
    """members: what Create- or UpdateThing is to be sent. before, after: in the shape of the module's options."""

    before: Answer
    after: Answer
    reasons: list[str]
    members: Answer


def checked_attributes(name: str, attributes: c.Mapping[str, t.Any] | None) -> dict[str, str] | None:
    """The attributes as texts. Raises Refused for a name or for attributes that AWS would not take."""
    faults = []
    if not THING_NAME.fullmatch(name):
        faults.append(f"name: {shown(name)} cannot be used; use letters, digits, ':', '_' and '-', at most 128 characters.")
    texts = {str(key): _text(value) for key, value in (attributes or {}).items()}
    for key, value in texts.items():
        if not ATTRIBUTE_NAME.fullmatch(key):
            faults.append(f"attributes: {shown(key)} cannot be a name; use letters, digits and _.,@/:#-, at most 128 characters.")
        elif not ATTRIBUTE_VALUE.fullmatch(value):
            faults.append(f"attributes: {key}: {shown(value)} cannot be a value; use 1 to 800 letters, digits and _.,@/:#=[]-, no spaces.")
    if faults:
        raise Refused("\n".join(faults))
    return None if attributes is None else texts


def change_thing(thing: Answer | None, attributes: dict[str, str] | None, thing_type: str | None, purge: bool) -> ThingChange:
    """What turns the thing that is there (None: there is none) into the wanted one. None as a wish leaves things as they are.

    thing: DescribeThing's answer. thing_type: an empty text takes the type away. purge: whether attributes that are not wanted go.
    """
    old: dict[str, str] = dict(thing.get("attributes", {})) if thing else {}
    old_type: str | None = thing.get("thingTypeName") if thing else None
    new = old if attributes is None else {**({} if purge else old), **attributes}
    new_type = old_type if thing_type is None else thing_type or None
    _check_count(new, new_type)
    members: Answer = {}
    reasons = [] if thing else ["is not there"]
    if new != old or not thing:
        members["attributePayload"] = {"attributes": new, "merge": False} if thing else {"attributes": new}
        reasons += [_attribute_reason(key, old.get(key), new.get(key)) for key in sorted(old.keys() | new.keys()) if thing]
    if new_type != old_type:
        members.update({"thingTypeName": new_type} if new_type else {"removeThingType": True})
        if thing:
            reasons.append(changed_value("thing_type", old_type, new_type))
    if thing and members:
        # Refused by AWS if another run has changed the thing meanwhile.
        members["expectedVersion"] = thing["version"]
    return ThingChange(_picture(old, old_type) if thing else {}, _picture(new, new_type), [reason for reason in reasons if reason], members)


def _check_count(attributes: c.Mapping[str, str], thing_type: str | None) -> None:
    most = MAX_ATTRIBUTES if thing_type else MAX_ATTRIBUTES_WITHOUT_TYPE
    if len(attributes) > most:
        raise Refused(
            f"attributes: the thing would have {len(attributes)}; AWS takes at most {most}"
            + (", use fewer." if thing_type else " without a thing type: use fewer, or give it a thing_type.")
        )


def _attribute_reason(key: str, before: str | None, after: str | None) -> str:
    return "" if before == after else changed_value(f"attribute '{key}'", before, after)


def _picture(attributes: dict[str, str], thing_type: str | None) -> Answer:
    return {"attributes": attributes, **({"thing_type": thing_type} if thing_type else {})}


def _text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
