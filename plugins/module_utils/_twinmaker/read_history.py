# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads histories of properties through the data connector: every page, several subjects at once."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, in_parallel
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker import api
from ansible_collections.energytwin.aws.plugins.module_utils._twinmaker.history import Histories, Subject, chunks, time_series

SHOWN_FAILURES = 5


@dataclasses.dataclass(frozen=True)
class Query:
    """What to ask of every subject.

    request: the members of GetPropertyValueHistory that are the same in all calls. properties: None reads all time series.
    limit: the most values of one property; None reads all. latest: only the newest value of each.
    """

    request: dict[str, t.Any]
    properties: list[str] | None
    limit: int | None = None
    latest: bool = False


def read_histories(
    client: t.Any, workspace_id: str, subjects: c.Sequence[Subject], query: Query, concurrency: int
) -> list[dict[str, t.Any]]:
    """The entries of all subjects in their order. Raises Refused with a line for each subject that cannot be read."""

    def read(subject: Subject) -> tuple[list[dict[str, t.Any]], str | None]:
        try:
            return read_history(client, workspace_id, subject, query), None
        except AwsError as error:
            return [], error.sentence()
        except Refused as error:
            return [], error.message

    found = in_parallel(read, subjects, concurrency)
    failures = [failure for _entries, failure in found if failure]
    if failures:
        more = [f"... and {len(failures) - SHOWN_FAILURES} more."] if len(failures) > SHOWN_FAILURES else []
        raise Refused("\n".join(failures[:SHOWN_FAILURES] + more))
    return [entry for entries, _failure in found for entry in entries]


def read_history(client: t.Any, workspace_id: str, subject: Subject, query: Query) -> list[dict[str, t.Any]]:
    histories = Histories(subject)
    properties = query.properties if query.properties is not None else all_time_series(client, workspace_id, subject)
    for selected in chunks(properties):
        _read_pages(client, workspace_id, subject, query, selected, histories)
    return histories.entries(query.limit, query.latest)


def _read_pages(client: t.Any, workspace_id: str, subject: Subject, query: Query, selected: list[str], histories: Histories) -> None:
    """Pages to the end, or until there is enough.

    A page holds maxResults values of *each* property, so the first one has the newest value of all that have any.
    A reader that divides its pages in another way is followed as long as it brings something new.
    """
    request = {**query.request, **subject.members(), "selectedProperties": selected}
    portion = Histories(subject)
    while True:
        answer = api.get_property_value_history(client, workspace_id, str(subject), request)
        seen = portion.series()
        portion.add(answer["propertyValues"])
        histories.add(answer["propertyValues"])
        nothing_new = query.latest and portion.series() == seen
        enough = query.limit is not None and portion.fewest() >= query.limit
        every_one = query.latest and subject.entity_id is not None and len(portion.series()) == len(selected)
        if not answer.get("nextToken") or nothing_new or enough or every_one:
            return
        request["nextToken"] = answer["nextToken"]


def all_time_series(client: t.Any, workspace_id: str, subject: Subject) -> list[str]:
    """The time-series properties of the subject. Raises Refused if it is not there or has none."""
    if subject.component_type_id:
        answer = api.get_component_type(client, workspace_id, subject.component_type_id)
        definitions = (answer or {}).get("propertyDefinitions", {})
    else:
        answer = api.get_entity(client, workspace_id, str(subject.entity_id))
        component = (answer or {}).get("components", {}).get(subject.component_name, {})
        definitions = {name: item.get("definition", {}) for name, item in component.get("properties", {}).items()}
    if not time_series(definitions):
        raise Refused(f"{subject}: it is not there, or has no time series, in workspace '{workspace_id}'; check the names.")
    return time_series(definitions)
