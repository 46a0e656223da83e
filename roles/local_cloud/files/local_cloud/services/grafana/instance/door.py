# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where requests to a workspace's Grafana come in: whose token it is, which route, and the answer as JSON.

Source of routes, statuses and messages: Grafana's HTTP API reference and the handlers in its ``pkg/api``.
"""

from __future__ import annotations

import hashlib
import json
import traceback
import typing as t
import urllib.parse

from local_cloud.errors import ApiError
from local_cloud.protocol.http import HttpRequest, HttpResponse
from local_cloud.services.grafana.instance import alerting, dashboards, datasources, folders, plugins
from local_cloud.services.grafana.instance.visit import Answer, Declined, Route, Visit
from local_cloud.services.grafana.room import ACCOUNT, TOKEN, Room
from local_cloud.store import Record

_DOWN: t.Final = ("CREATING", "VERSION_UPDATING")
_BEARER: t.Final = "Bearer "


def _health(visit: Visit) -> Answer:
    return {"database": "ok", "version": _version(visit), "commit": "local-cloud"}


def _organisation(visit: Visit) -> Answer:
    return {
        "id": 1,
        "name": "Main Org.",
        "address": {"address1": "", "address2": "", "city": "", "zipCode": "", "state": "", "country": ""},
    }


def _settings(visit: Visit) -> Answer:
    """The few of the front end's settings that tell what this Grafana can do."""
    enabled = visit.workspace["configuration"]["plugins"]["pluginAdminEnabled"]
    return {"buildInfo": {"version": _version(visit)}, "pluginAdminEnabled": enabled, "awsAllowedAuthProviders": ["ec2_iam_role"]}


def _version(visit: Visit) -> str:
    return f"{visit.workspace['grafanaVersion']}.0"


ROUTES: t.Final = (
    Route("GET", "health", None, _health),
    Route("GET", "org", "VIEWER", _organisation),
    Route("GET", "frontend/settings", "VIEWER", _settings),
    *plugins.ROUTES,
    *datasources.ROUTES,
    *folders.ROUTES,
    *dashboards.ROUTES,
    *alerting.ROUTES,
)


class Instances(Room):
    def serve(self, request: HttpRequest) -> HttpResponse:
        try:
            return _response(200, self._answer(request))
        except Declined as declined:
            return _response(declined.status, declined.body)
        except ApiError as error:
            return _response(404, {"message": error.message})
        except Exception:  # whatever goes wrong here, the client gets an answer and the log the reason
            traceback.print_exc()
            return _response(500, {"message": "Internal Server Error"})

    def _answer(self, request: HttpRequest) -> Answer:
        _unused, _prefix, workspace_id, *path = request.path.split("/")
        workspace = self.get_workspace(workspace_id)
        status = self.status(workspace)
        if status in _DOWN:
            raise Declined(503, f"The workspace is {status}.")
        if path[:1] != ["api"]:
            raise Declined(501, f"The local cloud has no pages of Grafana, and not {request.path}.")
        found = _route(request.method, path[1:])
        if found is None:
            raise Declined(501, f"The local cloud does not implement {request.method} {'/'.join(['', *path])} of Grafana.")
        route, labels = found
        account = self._account(workspace, request) if route.needs is not None else {"name": "", "grafanaRole": "VIEWER"}
        query = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
        visit = Visit(self, workspace, account["grafanaRole"], account["name"], query, _body(request), labels)
        if route.needs is not None and not visit.may(route.needs):
            raise Declined(403, "You'll need additional permissions to perform this action.", title="Access denied")
        if route.until is not None and visit.major >= route.until:
            raise Declined(404, "Not found")
        return route.handler(visit)

    def _account(self, workspace: Record, request: HttpRequest) -> Record:
        """The service account whose token came with the request."""
        authorization = request.headers.get("authorization", "")
        if not authorization.startswith(_BEARER):
            raise Declined(401, "Unauthorized")
        digest = hashlib.sha256(authorization.removeprefix(_BEARER).encode()).hexdigest()
        for key, token in self.cloud.store.list(TOKEN, prefix=f"{workspace['id']}/"):
            if token["hash"] == digest:
                if token["expiresAt"] <= self.cloud.now():
                    raise Declined(401, "Expired API key", messageId="api-key.expired", statusCode=401)
                account = self.cloud.store.get(ACCOUNT, key.rpartition("/")[0])
                assert account is not None, "a token outlived its account"
                return account
        raise Declined(401, "Invalid API key", messageId="api-key.invalid", statusCode=401)


def _route(method: str, parts: list[str]) -> tuple[Route, dict[str, str]] | None:
    for route in ROUTES:
        labels = route.match(method, parts)
        if labels is not None:
            return route, labels
    return None


def _body(request: HttpRequest) -> dict[str, t.Any]:
    if not request.body:
        return {}
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Declined(400, "bad request data")
    return body


def _response(status: int, body: Answer) -> HttpResponse:
    return HttpResponse(status, {"Content-Type": "application/json"}, json.dumps(body).encode())
