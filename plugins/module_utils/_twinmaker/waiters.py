# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waiting for what TwinMaker does after it has answered: workspaces, component types and entities settle later.

Every function raises TooLong when the time (seconds) is up, with the state that was seen last. botocore has no waiters.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import poll
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, listed
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.transformations import error_of

Answer = dict[str, t.Any]
CHANGING = ("CREATING", "UPDATING", "DELETING")


class TooLong(Refused):
    """The time is up, and what becomes of the thing is not known."""


def state_of(answer: Answer | None) -> str:
    """The state in an answer; GONE for None."""
    return "GONE" if answer is None else str((answer.get("status") or {}).get("state", "ACTIVE"))


def states_of_entity(answer: Answer | None) -> list[str]:
    """The states of an entity and of its components: an entity can be ACTIVE before its components are."""
    components = (answer or {}).get("components") or {}
    return [state_of(answer), *(state_of(component) for component in components.values())]


def entity_errors(answer: Answer) -> list[str]:
    """What AWS says about an entity or components of it that are in state ERROR."""
    own = error_of(answer.get("status"))
    components = {name: error_of(component.get("status")) for name, component in (answer.get("components") or {}).items()}
    return [own] * bool(own) + [f"component '{name}': {error}" for name, error in sorted(components.items()) if error]


def settled_entity(client: t.Any, workspace_id: str, entity_id: str, timeout: float) -> Answer | None:
    """Waits until the entity and its components change no more. Returns GetEntity's answer, or None if it is gone."""
    return _settled(f"entity '{entity_id}'", lambda: api.get_entity(client, workspace_id, entity_id), states_of_entity, timeout)


def made_entity(client: t.Any, workspace_id: str, entity_id: str, timeout: float) -> Answer:
    """As ``settled_entity`` after a create or an update: the entity may not be visible at once, and an ERROR is raised."""
    found, settled = poll(
        lambda: api.get_entity(client, workspace_id, entity_id),
        lambda answer: answer is not None and not set(states_of_entity(answer)) & set(CHANGING),
        timeout=timeout,
    )
    if found is None or not settled:
        raise _too_long(f"entity '{entity_id}'", states_of_entity(found), timeout)
    if errors := entity_errors(found):
        raise Refused(f"entity '{entity_id}' is in state ERROR: {'; '.join(errors)}; mend the cause and run again.")
    return found


def deleted_entity(client: t.Any, workspace_id: str, entity_id: str, timeout: float) -> None:
    found, gone = poll(
        lambda: api.get_entity(client, workspace_id, entity_id),
        lambda answer: answer is None or state_of(answer) == "ERROR",
        timeout=timeout,
    )
    if found is not None:
        if gone:
            raise Refused(f"entity '{entity_id}' could not be deleted: {'; '.join(entity_errors(found))}; mend the cause and run again.")
        raise _too_long(f"entity '{entity_id}'", [state_of(found)], timeout)


def settled_component_type(client: t.Any, workspace_id: str, type_id: str, timeout: float) -> Answer | None:
    """Waits until the component type changes no more. Returns GetComponentType's answer, or None if it is gone."""
    return _settled(
        f"component type '{type_id}'",
        lambda: api.get_component_type(client, workspace_id, type_id),
        lambda answer: [state_of(answer)],
        timeout,
    )


def deleted_workspace(client: t.Any, workspace_id: str, timeout: float) -> None:
    """A workspace has no state: it is there until it is not."""
    _found, gone = poll(lambda: api.get_workspace(client, workspace_id), lambda answer: answer is None, timeout=timeout)
    if not gone:
        raise _too_long(f"workspace '{workspace_id}'", ["DELETING"], timeout)


def _settled(
    subject: str, read: c.Callable[[], Answer | None], states: c.Callable[[Answer | None], list[str]], timeout: float
) -> Answer | None:
    found, settled = poll(read, lambda answer: not set(states(answer)) & set(CHANGING), timeout=timeout)
    if not settled:
        raise _too_long(subject, states(found), timeout)
    return found


def _too_long(subject: str, states: c.Sequence[str], timeout: float) -> TooLong:
    changing = sorted(set(states) & {*CHANGING, "GONE"}) or ["GONE"]
    return TooLong(
        f"{subject} is still in state {listed(changing)} after {timeout:g} s; look at it in the AWS console, or raise wait_timeout."
    )
