# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of AWX's API (version 2 of it, in AWX 24.6.1) as the modules of awx.awx use that playbook awx.yml calls.

It keeps what it is given and refuses what AWX refuses: fields and filters that a kind of object does not have, objects that are not there, prompts that
a template does not ask for, schedules without the answers that a survey requires. See awx/api/serializers.py and awx/api/views/__init__.py.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import itertools
import json
import threading
import typing as t

from werkzeug.exceptions import BadRequest, HTTPException, MethodNotAllowed, NotFound, Unauthorized
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

TOKEN = "awx-token"
QUESTIONS: dict[str, type] = {"text": str, "integer": int, "multiplechoice": str}
_NAMED = {"name", "description"}
_PROMPTS = {"limit", "job_type", "diff_mode", "extra_data"}
_ASKED = {f"ask_{prompt}_on_launch" for prompt in ("limit", "verbosity", "job_type", "diff_mode", "job_slice_count")}
_TEMPLATE = {*_NAMED, "organization", "inventory", "survey_enabled", "allow_simultaneous", *_ASKED}
FIELDS: dict[str, set[str]] = {
    "organizations": _NAMED,
    "credentials": {*_NAMED, "organization"},
    "execution_environments": {*_NAMED, "image", "pull", "organization", "credential"},
    "credential_types": {*_NAMED, "kind", "inputs", "injectors", "managed"},
    "notification_templates": {*_NAMED, "organization", "notification_type", "notification_configuration", "messages"},
    "projects": {
        *_NAMED,
        "organization",
        *(f"scm_{name}" for name in ("type", "url", "branch", "clean", "update_on_launch", "update_cache_timeout")),
    },
    "inventories": {*_NAMED, "organization", "kind", "host_filter"},
    "inventory_sources": {
        *_NAMED,
        *("inventory", "organization", "source", "source_project", "source_path", "execution_environment"),
        *("overwrite", "overwrite_vars", "update_on_launch", "update_cache_timeout"),
    },
    "job_templates": {*_TEMPLATE, "project", "execution_environment", "playbook", "job_type", "diff_mode", "extra_vars", "forks"},
    "workflow_job_templates": _TEMPLATE,
    "workflow_job_template_nodes": {
        "identifier",
        "workflow_job_template",
        "unified_job_template",
        "all_parents_must_converge",
        "extra_data",
        *_PROMPTS,
    },
    "workflow_approval_templates": {*_NAMED, "timeout"},
    "schedules": {*_NAMED, "unified_job_template", "rrule", "enabled", *_PROMPTS},
}
LINKS = {
    "job_templates": {"credentials": "credentials", "notification_templates_error": "notification_templates"},
    "workflow_job_templates": dict.fromkeys(("notification_templates_error", "notification_templates_approvals"), "notification_templates"),
    "workflow_job_template_nodes": {"success_nodes": "workflow_job_template_nodes"},
}
UNIFIED = {
    "job_templates": "job_template",
    "workflow_job_templates": "workflow_job_template",
    "projects": "project",
    "inventory_sources": "inventory_source",
    "workflow_approval_templates": "workflow_approval",
}
# What names another object, and of which kind that is.
REFERENCES = {
    "organization": "organizations",
    "inventory": "inventories",
    "project": "projects",
    "source_project": "projects",
    "execution_environment": "execution_environments",
    "workflow_job_template": "workflow_job_templates",
    "unified_job_template": "unified_job_templates",
}


class Awx:
    """The application (WSGI), with one organization and the credentials that it is made with."""

    def __init__(self, credentials: c.Iterable[str]) -> None:
        self._numbers = itertools.count(1)
        self._kinds: dict[str, dict[int, dict[str, t.Any]]] = {kind: {} for kind in FIELDS}
        self._links: dict[tuple[str, int, str], list[int]] = {}
        self._surveys: dict[int, dict[str, t.Any]] = {}
        self._lock = threading.Lock()
        self.writes = 0
        self._add("organizations", {"name": "Default"})
        for name in credentials:
            self._add("credentials", {"name": name})

    def __call__(self, environ: dict[str, t.Any], start_response: t.Any) -> c.Iterable[bytes]:
        request = Request(environ)
        try:
            if request.headers.get("Authorization") != f"Bearer {TOKEN}":
                raise Unauthorized
            with self._lock:
                status, body = self._answer(request)
        except HTTPException as error:
            status, body = error.code or 500, {"detail": error.description}
        return Response(json.dumps(body), status, content_type="application/json")(environ, start_response)

    def names(self, kind: str) -> list[str]:
        return sorted(one["name"] for one in self._kinds[kind].values())

    def nodes(self, workflow: str) -> dict[str, dict[str, t.Any]]:
        """The nodes of a workflow by their identifiers: their own fields, the name of what they run (``runs``), and what comes then (``then``)."""
        (number,) = (one["id"] for one in self._kinds["workflow_job_templates"].values() if one["name"] == workflow)
        nodes = {key: one for key, one in self._kinds["workflow_job_template_nodes"].items() if one["workflow_job_template"] == number}
        return {
            one["identifier"]: {
                **one,
                "runs": self._unified()[one["unified_job_template"]]["name"],
                "then": [
                    nodes[other]["identifier"] for other in self._links.get(("workflow_job_template_nodes", key, "success_nodes"), [])
                ],
            }
            for key, one in nodes.items()
        }

    def survey(self, kind: str, name: str) -> dict[str, t.Any]:
        (number,) = (one["id"] for one in self._kinds[kind].values() if one["name"] == name)
        return self._surveys.get(number, {})

    def _answer(self, request: Request) -> tuple[int, t.Any]:
        parts = request.path.removeprefix("/api/v2/").strip("/").split("/")
        if request.method != "GET":
            self.writes += 1
        data = request.get_json() if request.method in ("POST", "PATCH") else {}
        match parts:
            case [kind]:
                return self._collection(request, kind, data)
            case [kind, number]:
                return self._one(request.method, kind, int(number), data)
            case ["workflow_job_template_nodes", number, "create_approval_template"] if request.method == "POST":
                return self._approval(int(number), data)
            case [_kind, number, "survey_spec"]:
                return self._survey(request.method, int(number), data)
            case [kind, number, link] if link in LINKS.get(kind, {}):
                return self._linked(request.method, (kind, int(number), link), data)
        raise NotFound(request.path)

    def _collection(self, request: Request, kind: str, data: dict[str, t.Any]) -> tuple[int, t.Any]:
        if request.method == "POST" and kind in FIELDS:
            return 201, self._shown(kind, self._add(kind, self._checked(kind, data)))
        if request.method != "GET" or kind not in {*FIELDS, "unified_job_templates"}:
            raise MethodNotAllowed
        filters = request.args.to_dict()
        if unknown := filters.keys() - FIELDS.get(kind, _NAMED) - {"id", "type", "or__id", "or__name"}:
            raise BadRequest(f"{kind} has no field {', '.join(sorted(unknown))}")
        known = self._unified() if kind == "unified_job_templates" else self._kinds[kind]
        found = [self._shown(kind, one) for one in known.values()]
        either = {name.removeprefix("or__"): value for name, value in filters.items() if name.startswith("or__")}
        every = {name: value for name, value in filters.items() if not name.startswith("or__")}
        found = [one for one in found if all(str(one.get(name)) == value for name, value in every.items())]
        found = [one for one in found if not either or any(str(one.get(name)) == value for name, value in either.items())]
        return 200, {"count": len(found), "next": None, "previous": None, "results": found}

    def _one(self, method: str, kind: str, number: int, data: dict[str, t.Any]) -> tuple[int, t.Any]:
        known = self._kinds.get(kind, {})
        if number not in known:
            raise NotFound(f"{kind} {number}")
        if method == "PATCH":
            known[number].update(self._checked(kind, data, known[number]))
        elif method != "GET":
            raise MethodNotAllowed
        return 200, self._shown(kind, known[number])

    def _linked(self, method: str, link: tuple[str, int, str], data: dict[str, t.Any]) -> tuple[int, t.Any]:
        of = self._links.setdefault(link, [])
        others = self._kinds[LINKS[link[0]][link[2]]]
        if method == "GET":
            return 200, {"count": len(of), "next": None, "previous": None, "results": [others[number] for number in of]}
        if data["id"] not in others:
            raise BadRequest(f"{link[2]}: there is no {data['id']}")
        of.remove(data["id"]) if data.get("disassociate") else of.append(data["id"])
        return 204, None

    def _survey(self, method: str, number: int, data: dict[str, t.Any]) -> tuple[int, t.Any]:
        if method == "GET":
            return 200, self._surveys.get(number, {})
        if method == "DELETE":
            self._surveys.pop(number, None)
            return 200, {}
        if not (isinstance(data.get("name"), str) and isinstance(data.get("description"), str) and data.get("spec")):
            raise BadRequest("A survey has a name, a description and questions.")
        for question in data["spec"]:
            default = question.get("default", "")
            if not {"type", "question_name", "variable", "required"} <= question.keys() or not isinstance(question["required"], bool):
                raise BadRequest(f"Not a question: {question}")
            if default != "" and not isinstance(default, QUESTIONS[question["type"]]):
                raise BadRequest(f"Default value {default} expected to be of type {question['type']}")
            if question["type"] == "multiplechoice" and default not in question["choices"]:
                raise BadRequest("Default choice must be answered from the choices listed.")
        self._surveys[number] = data
        return 200, {}

    def _approval(self, number: int, data: dict[str, t.Any]) -> tuple[int, t.Any]:
        # The module sends the fields of the node as well; AWX takes those of an approval and ignores the others.
        made = self._add("workflow_approval_templates", {name: data[name] for name in data.keys() & FIELDS["workflow_approval_templates"]})
        self._kinds["workflow_job_template_nodes"][number]["unified_job_template"] = made["id"]
        return 201, self._shown("workflow_approval_templates", made)

    def _checked(self, kind: str, data: dict[str, t.Any], standing: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """The data, if AWX would take it for an object of this kind."""
        if kind == "workflow_approval_templates":
            return {name: data[name] for name in data.keys() & FIELDS[kind]}
        if unknown := data.keys() - FIELDS[kind]:
            raise BadRequest(f"{kind} has no field {', '.join(sorted(unknown))}")
        for name in data.keys() & REFERENCES.keys():
            known = self._unified() if REFERENCES[name] == "unified_job_templates" else self._kinds[REFERENCES[name]]
            if data[name] not in known:
                raise BadRequest(f"{name}: there is no {data[name]}")
        whole = {**(standing or {}), **data}
        if kind in ("workflow_job_template_nodes", "schedules") and "unified_job_template" in whole:
            self._check_prompts(kind, whole)
        return data

    def _check_prompts(self, kind: str, told: dict[str, t.Any]) -> None:
        template = self._unified()[told["unified_job_template"]]
        for prompt in _PROMPTS - {"extra_data"} & told.keys():
            if not template.get(f"ask_{prompt}_on_launch"):
                raise BadRequest(f"{prompt}: Field is not configured to prompt on launch.")
        questions = self._surveys.get(told["unified_job_template"], {}).get("spec", []) if template.get("survey_enabled") else []
        answers = told.get("extra_data", {})
        # A node may get its answers from the workflow.
        missing = [one["variable"] for one in questions if one["required"] and one["variable"] not in answers]
        if missing and kind == "schedules":
            raise BadRequest(f"variables_needed_to_start: {', '.join(missing)} value missing")
        if unasked := answers.keys() - {one["variable"] for one in questions}:
            raise BadRequest(f"extra_data: Variables {', '.join(sorted(unasked))} are not allowed on launch.")

    def _add(self, kind: str, data: dict[str, t.Any]) -> dict[str, t.Any]:
        number = next(self._numbers)
        self._kinds[kind][number] = {"id": number, **data}
        return self._kinds[kind][number]

    def _unified(self) -> dict[int, dict[str, t.Any]]:
        """Whatever can be run: their numbers differ, as AWX's do."""
        return {number: {**one, "type": UNIFIED[kind]} for kind in UNIFIED for number, one in self._kinds[kind].items()}

    def _shown(self, kind: str, one: dict[str, t.Any]) -> dict[str, t.Any]:
        url = f"/api/v2/{kind}/{one['id']}/"
        related = {"survey_spec": f"{url}survey_spec/"} if kind in ("job_templates", "workflow_job_templates") else {}
        run = one.get("unified_job_template")
        if kind == "workflow_job_template_nodes" and run:
            (of,) = (kind for kind in UNIFIED if run in self._kinds[kind])
            related["unified_job_template"] = f"/api/v2/{of}/{run}/"
        # awx.awx asks a new project for the update that AWX starts; here is none to wait for.
        return {"type": kind.removesuffix("s"), **one, "url": url, "related": related, "summary_fields": {}, "scm_revision": ""}


@contextlib.contextmanager
def served(application: Awx) -> c.Iterator[str]:
    """The address that an application listens at, on loopback."""
    server = make_server("127.0.0.1", 0, t.cast("t.Any", application), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)
