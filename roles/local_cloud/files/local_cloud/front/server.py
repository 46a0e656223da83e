# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cloud on a socket: guard, control API, knobs and request log around the front, served by waitress."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import http.client
import os
import random
import re
import socket
import threading
import time
import typing as t

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server
from waitress.task import WSGITask

from local_cloud import runfiles
from local_cloud.assembly import build
from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.front import control, guard, knobs
from local_cloud.front.core import Call, Page, Refused
from local_cloud.front.core import refusal as plain_refusal
from local_cloud.front.log import Entry, Log
from local_cloud.protocol import models, serialise
from local_cloud.protocol.http import HttpRequest, HttpResponse
from local_cloud.services.sns import Sns
from local_cloud.settings import Knobs, Settings

_CUT = "local_cloud.cut"
_KNOBS = "server.knobs"
_SHOWN = 100  # characters of an unknown address in the log
_THREADS = 32  # more than cores: calls wait for Lambdas, which call back
# These wait for them. If they took all threads, nobody would be left to answer the Lambdas.
_WAIT_FOR_FUNCTIONS = frozenset({("iottwinmaker", "GetPropertyValueHistory"), ("lambda", "Invoke")})
_MOST_WAITING = 24
_METADATA = re.compile(rb"^X-Amz-Meta-[^:]*", re.MULTILINE)
_NOT_OURS = frozenset({"connection", "content-length", "date", "server", "transfer-encoding"})
_THROTTLED = {"json": 400, "query": 400, "rest-json": 429, "rest-xml": 503, models.CBOR: 400}

StartResponse = c.Callable[[str, list[tuple[str, str]]], object]
Environ = dict[str, t.Any]


class _Task(WSGITask):
    def get_environment(self) -> Environ:
        environ: Environ = super().get_environment()
        environ[_CUT] = self._cut
        return environ

    def build_response_header(self) -> bytes:
        """waitress writes names with capitals. S3's metadata are called by theirs, which AWS gives in lower case."""
        header: bytes = super().build_response_header()
        return _METADATA.sub(lambda name: name[0].lower(), header)

    def _cut(self) -> None:
        """Ends the connection without an answer."""
        self.close_on_finish = True
        self.channel.socket.shutdown(socket.SHUT_RDWR)


class _Channel(HTTPChannel):
    task_class = _Task


class Server:
    """One cloud that listens. ``run`` returns after ``stop``, which any thread may call."""

    def __init__(self, settings: Settings, chance: random.Random | None = None) -> None:
        self._home = settings.home
        self._moods = knobs.Moods(chance=chance)
        self._started = time.time()
        self._door = _Door()
        self._waiting = threading.BoundedSemaphore(_MOST_WAITING)
        self.cloud = self._build(settings)
        self._log = Log(settings.home)
        commands: dict[str, control.Command] = {"status": self._status, "set": self._set, "reset": self._reset, "messages": self._messages}
        self._control = control.Control(runfiles.token(settings.home), commands)
        # Clients keep their connections: far more than waitress' default of 100 must fit.
        self._sockets: dict[int, t.Any] = {}
        self._server = create_server(
            self.application,
            map=self._sockets,
            listen=f"127.0.0.1:{settings.port}",
            threads=_THREADS,
            ident="local-cloud",
            connection_limit=2000,
            asyncore_use_poll=True,
            channel_timeout=30,
        )
        self._server.channel_class = _Channel

    def run(self) -> None:
        self.cloud.start()
        settings = self.cloud.settings
        announced = runfiles.Running(
            os.getpid(), settings.port, settings.mqtt_port, settings.region, self._started, runfiles.program_digest()
        )
        runfiles.announce(self._home, announced)
        try:
            self._server.run()
        finally:
            runfiles.withdraw(self._home)
            self._server.task_dispatcher.shutdown()
            self.cloud.stop()
            self._log.close()

    def stop(self) -> None:
        """Lets the calls inside come to their end, then closes every connection, which ends the loop that serves them."""
        with self._door.closed():
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._sockets, ignore_all=True))

    # ---- WSGI

    def application(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        request = _request(environ)
        objection = guard.objection(request)
        if objection is not None:
            response = plain_refusal(403, "AccessDeniedException", objection)
        elif request.path.startswith(control.PATH):
            response = self._control.handle(request)
        else:
            with self._door.enter() as may_enter:
                found = (
                    self._serve(request)
                    if may_enter
                    else plain_refusal(503, "ServiceUnavailable", "The local cloud is busy emptying itself or stopping.")
                )
            if found is None:
                environ[_CUT]()
                start_response("500 Cut", [("Content-Length", "0")])
                return []
            response = found
        return _send(request, response, start_response)

    def _serve(self, request: HttpRequest) -> HttpResponse | None:
        """The answer to a call; None: the connection is to be cut."""
        began = time.perf_counter()
        response: HttpResponse | None
        principal: str | None = None
        try:
            call = self.cloud.front.identify(request)
            service, operation = call.service, call.operation[:_SHOWN]
            response, principal = self._perform(call)
        except Refused as refused:
            service, operation = refused.service, f"{request.method} {request.path}"[:_SHOWN]
            response = refused.response
        milliseconds = round((time.perf_counter() - began) * 1000, 2)
        self._log.write(Entry(time.time(), service, operation, response.status if response else 0, milliseconds, principal or "account"))
        return response

    def _perform(self, call: Call | Page) -> tuple[HttpResponse | None, str | None]:
        set_to = self.cloud.settings.knobs
        if set_to.latency:
            time.sleep(set_to.latency)
        if self._moods.throttles(set_to):
            return _throttled(call), None
        fault = self._moods.fault(set_to)
        if fault == "throttle":
            return _throttled(call), None
        if fault == "error":
            return _failed(call), None
        if fault == "cut-before":
            return None, None
        with self._place_for(call) as has_place:
            if not has_place:
                return _throttled(call), None
            response, principal = self.cloud.front.perform(call)
        return (None if fault == "cut-after" else response), principal

    @contextlib.contextmanager
    def _place_for(self, call: Call | Page) -> c.Iterator[bool]:
        """Gives whether there is one; only calls that wait for functions need it."""
        if (call.service, call.operation) not in _WAIT_FOR_FUNCTIONS:
            yield True
            return
        taken = self._waiting.acquire(blocking=False)
        try:
            yield taken
        finally:
            if taken:
                self._waiting.release()

    # ---- control

    def _status(self, _unused: dict[str, t.Any]) -> dict[str, t.Any]:
        settings = self.cloud.settings
        return {
            "pid": os.getpid(),
            "endpoint": settings.endpoint,
            "mqtt_port": settings.mqtt_port,
            "region": settings.region,
            "account": settings.account,
            "uptime_seconds": round(time.time() - self._started, 1),
            "requests": self._log.count,
            "resources": self.cloud.resources(),
            "knobs": dataclasses.asdict(settings.knobs),
        }

    def _set(self, wanted: dict[str, t.Any]) -> dict[str, t.Any]:
        dry_run = wanted.pop("dry_run", False)
        old = self.cloud.settings.knobs
        new = knobs.changed(old, wanted)
        if not dry_run:
            self.cloud.settings = dataclasses.replace(self.cloud.settings, knobs=new)
            self.cloud.store.put(_KNOBS, "", dataclasses.asdict(new))
        return {"knobs": dataclasses.asdict(new), "changed": new != old}

    def _messages(self, _unused: dict[str, t.Any]) -> dict[str, t.Any]:
        return {"messages": self.cloud.service(Sns).messages()}

    def _reset(self, _unused: dict[str, t.Any]) -> dict[str, t.Any]:
        """A new, empty cloud in the same process: its knobs stay, all that it held is gone."""
        with self._door.closed():
            settings = self.cloud.settings
            self.cloud.stop()
            self._log.close()
            runfiles.empty(self._home)
            self.cloud = self._build(settings)
            self._log = Log(self._home)
            self.cloud.start()
            self.cloud.store.put(_KNOBS, "", dataclasses.asdict(settings.knobs))
        return {}

    @staticmethod
    def _build(settings: Settings) -> Cloud:
        cloud = build(settings)
        kept = cloud.store.get(_KNOBS, "")
        if kept is not None:
            cloud.settings = dataclasses.replace(settings, knobs=Knobs(**kept))
        return cloud


class _Door:
    """Counts the calls inside, so that a reset can close the door and wait until they are out."""

    _PATIENCE = 10.0  # seconds; a call that takes longer fails, as its cloud goes away under it

    def __init__(self) -> None:
        self._state = threading.Condition()
        self._inside = 0
        self._open = True

    @contextlib.contextmanager
    def enter(self) -> c.Iterator[bool]:
        """Gives False, and does not count, while the door is closed."""
        with self._state:
            entered = self._open
            self._inside += entered
        try:
            yield entered
        finally:
            with self._state:
                self._inside -= entered
                self._state.notify_all()

    @contextlib.contextmanager
    def closed(self) -> c.Iterator[None]:
        with self._state:
            self._state.wait_for(lambda: self._open)
            self._open = False
            self._state.wait_for(lambda: not self._inside, timeout=self._PATIENCE)
        try:
            yield
        finally:
            with self._state:
                self._open = True
                self._state.notify_all()


def _throttled(call: Call | Page) -> HttpResponse:
    """AWS's statuses: the newer protocol has one of its own for it."""
    if isinstance(call, Page):
        return plain_refusal(429, "ThrottlingException", "Rate exceeded")
    failure = ApiError("ThrottlingException", "Rate exceeded", status=_THROTTLED[call.protocol])
    response = serialise.error(call.service, call.operation, failure, call.protocol)
    return dataclasses.replace(response, headers={**response.headers, "Retry-After": "1"})


def _failed(call: Call | Page) -> HttpResponse:
    if isinstance(call, Page):
        return plain_refusal(500, "InternalFailure", "An internal error occurred. (a fault of the knobs)")
    declared = {shape.name for shape in models.operation_model(call.service, call.operation).error_shapes}
    names = ("InternalServerException", "InternalFailureException", "ServiceException", "InternalServerError")
    code = next((name for name in names if name in declared), "InternalFailure")
    failure = ApiError(code, "An internal error occurred. (a fault of the knobs)", status=500)
    return serialise.error(call.service, call.operation, failure, call.protocol)


def _request(environ: Environ) -> HttpRequest:
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    path, _unused, query = environ["REQUEST_URI"].partition("?")
    return HttpRequest(environ["REQUEST_METHOD"], path, query, headers, environ["wsgi.input"].read())


def _send(request: HttpRequest, response: HttpResponse, start_response: StartResponse) -> list[bytes]:
    body = b"" if request.method == "HEAD" else response.body
    headers = [(name, value) for name, value in response.headers.items() if name.lower() not in _NOT_OURS]
    if request.method == "HEAD":
        headers += [(name, value) for name, value in response.headers.items() if name.lower() == "content-length"]
    elif response.status != http.HTTPStatus.NO_CONTENT:
        headers.append(("Content-Length", str(len(body))))
    start_response(f"{response.status} {http.client.responses.get(response.status, '-')}", headers)
    return [body] if body else []
