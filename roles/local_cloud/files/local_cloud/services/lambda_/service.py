# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""lambda: the API, and the functions that it runs."""

from __future__ import annotations

import base64
import collections.abc as c
import concurrent.futures
import contextlib
import dataclasses
import json
import threading
import typing as t
import uuid

from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.metrics import Datum
from local_cloud.service import Answer, Request
from local_cloud.services.lambda_ import configuration
from local_cloud.services.lambda_.functions import Functions
from local_cloud.services.lambda_.grants import Grants
from local_cloud.services.lambda_.invoke import Outcome
from local_cloud.services.lambda_.logs import Entry, LogWriter
from local_cloud.services.lambda_.room import FUNCTION
from local_cloud.services.lambda_.workers import DEFAULT_WORKERS, Pool, PoolClosed, Run, Spec
from local_cloud.store import Record

EVENT: t.Final = "lambda-event"
MOST_PAYLOAD: t.Final = 6_291_456
MOST_EVENT: t.Final = 1_048_576
MOST_RESPONSE: t.Final = 6_291_556
MOST_LOG_RESULT: t.Final = 4096
EVENT_WORKERS: t.Final = 4


class Lambda(Functions, Grants):
    models = ("lambda",)

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._logs = LogWriter(cloud)
        self._lock = threading.Lock()
        self._pools: dict[str, Pool] = {}
        self._running: dict[str, int] = {}
        self._stopped = False
        self._events = concurrent.futures.ThreadPoolExecutor(EVENT_WORKERS, thread_name_prefix="lambda-event")

    def start(self) -> None:
        self._code.keep_only({record["CodeKey"] for _unused, record in self.cloud.store.list(FUNCTION)})
        for key, _unused in self.cloud.store.list(EVENT):
            self._events.submit(self._run_event, key)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            pools = list(self._pools.values())
            self._pools.clear()
        self._events.shutdown(wait=False, cancel_futures=True)
        for pool in pools:
            pool.close()
        self._events.shutdown()
        self._logs.stop()

    # For other rooms

    def invoke_function(self, arn: str, payload: t.Any) -> Outcome:
        """Runs a function for another AWS service and waits for its answer; the caller has checked that it may.

        payload: anything that JSON can say. Raises ApiError: ResourceNotFoundException, ResourceConflictException (not
        Active yet), RequestTooLargeException.
        """
        record = self._find(arn)
        text = json.dumps(payload)
        self._check_payload(text.encode(), MOST_PAYLOAD)
        self._check_active(record)
        run = self._invoke(record, text)
        return Outcome(json.loads(run.payload), run.error, run.timed_out, run.log)

    # Invoke

    def invoke(self, request: Request) -> Answer:
        record = self._authorized(request, "InvokeFunction")
        kind = request.parameters.get("InvocationType", "RequestResponse")
        body: bytes = request.parameters.get("Payload", b"") or b"{}"
        self._check_payload(body, MOST_EVENT if kind == "Event" else MOST_PAYLOAD)
        try:
            text = json.dumps(json.loads(body))
        except ValueError as error:
            raise ApiError("InvalidRequestContentException", f"Could not parse request body into json: {error}") from None
        self._check_active(record)
        if kind == "DryRun":
            return {"StatusCode": 204, "Payload": b""}
        if kind == "Event":
            key = str(uuid.uuid4())
            self.cloud.store.put(EVENT, key, {"arn": record["FunctionArn"], "event": text})
            self._events.submit(self._run_event, key)
            return {"StatusCode": 202, "Payload": b""}
        with self._reserved(record):
            run = self._invoke(record, text, _client_context(request.parameters.get("ClientContext")))
        answer: Answer = {"StatusCode": 200, "Payload": run.payload.encode(), "ExecutedVersion": "$LATEST"}
        if run.error:
            answer["FunctionError"] = "Unhandled"
        if request.parameters.get("LogType") == "Tail":
            answer["LogResult"] = base64.b64encode(run.log.encode()[-MOST_LOG_RESULT:]).decode()
        return answer

    def _invoke(self, record: Record, event: str, client_context: str | None = None) -> Run:
        arn = record["FunctionArn"]
        while True:
            try:
                run = self._pool(record).invoke(arn, event, client_context)
                break
            except PoolClosed:  # the function was changed just now: take it as it is
                record = self._find(arn)
        self._measure(record["FunctionName"], Invocations=1, Errors=int(run.error), Throttles=0, Duration=run.milliseconds)
        self._logs.write(Entry(record["Role"], record["LoggingConfig"]["LogGroup"], run.log_stream, run.log, self.cloud.now()))
        if len(run.payload) > MOST_RESPONSE and not run.error:
            message = f"Response payload size exceeded maximum allowed payload size ({MOST_RESPONSE} bytes)."
            report = {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}
            return dataclasses.replace(run, payload=json.dumps(report), error=True, timed_out=False)
        return run

    def _measure(self, function: str, **values: float) -> None:
        """Adds to the metrics of the function, and of all functions."""
        units = {"Duration": "Milliseconds"}
        data = [
            Datum.value(name, value, units.get(name, "Count"), **dimensions)
            for name, value in values.items()
            for dimensions in ({"FunctionName": function}, {})
        ]
        self.cloud.metrics.add("AWS/Lambda", data, self.cloud.now())

    def _run_event(self, key: str) -> None:
        """An asynchronous invocation; it is forgotten when it has run, however it ended."""
        record = self.cloud.store.get(EVENT, key)
        if record is None or self._stopped:
            return
        try:
            self._invoke(self._find(record["arn"]), record["event"])
        except ApiError:  # the function is gone, or the cloud stops
            pass
        if not self._stopped:
            self.cloud.store.delete(EVENT, key)

    def _pool(self, record: Record) -> Pool:
        spec = self._spec(record)
        most = DEFAULT_WORKERS if record["Concurrency"] is None else max(1, record["Concurrency"])
        with self._lock:
            if self._stopped:
                raise ApiError("ServiceException", "The local cloud is stopping.", status=500)
            pool = self._pools.get(record["FunctionArn"])
            retired = pool if pool is not None and pool.spec != spec else None
            if pool is None or retired is not None:
                pool = self._pools[record["FunctionArn"]] = Pool(spec, most)
            others = list(self._pools.values())
        pool.resize(most)
        if retired is not None:
            retired.close(now=False)
        for other in others:
            other.drop_idle()
        return pool

    def _spec(self, record: Record) -> Spec:
        session = self.cloud.issue_session(record["Role"])
        settings = self.cloud.settings
        keys = {
            "AWS_ACCESS_KEY_ID": session.access_key,
            "AWS_SECRET_ACCESS_KEY": session.secret_key,
            "AWS_SESSION_TOKEN": session.token,
            "AWS_REGION": settings.region,
            "AWS_DEFAULT_REGION": settings.region,
            "AWS_ENDPOINT_URL": settings.endpoint,
            "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return Spec(
            name=record["FunctionName"],
            handler=record["Handler"],
            runtime=record["Runtime"],
            version=record["Version"],
            log_group=record["LoggingConfig"]["LogGroup"],
            memory=record["MemorySize"],
            timeout=record["Timeout"],
            task_root=str(self._code.unpacked(record["CodeKey"])),
            environment=tuple(sorted(record.get("Environment", {}).get("Variables", {}).items())),
            session=tuple(keys.items()),
        )

    @contextlib.contextmanager
    def _reserved(self, record: Record) -> c.Iterator[None]:
        """Counts an invocation against the function's reserved concurrency; above it, AWS throttles."""
        arn, most = record["FunctionArn"], record["Concurrency"]
        with self._lock:
            count = self._running.get(arn, 0)
            throttled = most is not None and count >= most
            if not throttled:
                self._running[arn] = count + 1
        if throttled:
            self._measure(record["FunctionName"], Throttles=1)
            reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
            raise ApiError("TooManyRequestsException", "Rate Exceeded.", Reason=reason, Type="User")
        try:
            yield
        finally:
            with self._lock:
                left = self._running.pop(arn) - 1
                if left:
                    self._running[arn] = left

    def _forget(self, arn: str) -> None:
        with self._lock:
            pool = self._pools.pop(arn, None)
        if pool is not None:
            pool.close(now=False)

    def _check_active(self, record: Record) -> None:
        if configuration.settles(record, self.cloud.now()) == "Creating":
            message = "The operation cannot be performed at this time. The function is currently in the following state: Pending"
            raise ApiError("ResourceConflictException", message)

    @staticmethod
    def _check_payload(body: bytes, most: int) -> None:
        if len(body) > most:
            raise ApiError("RequestTooLargeException", f"Request must be smaller than {most} bytes for the InvokeFunction operation")


def _client_context(encoded: str | None) -> str | None:
    """The JSON text of Invoke's ClientContext, which comes as base64."""
    if encoded is None:
        return None
    try:
        text = base64.b64decode(encoded, validate=True).decode()
        json.loads(text)
    except ValueError:
        raise ApiError("InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.") from None
    return text
