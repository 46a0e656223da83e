# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""lambda: the API, and the functions that it runs."""

from __future__ import annotations

import base64
import collections.abc as c
import concurrent.futures
import json
import re
import threading
import typing as t
import uuid

import botocore.exceptions

from local_cloud import policy
from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request, Service
from local_cloud.services.lambda_ import configuration, runtimes
from local_cloud.services.lambda_.code import MOST_UPLOADED, CodeStore, sha256
from local_cloud.services.lambda_.invoke import Outcome
from local_cloud.services.lambda_.logs import Entry, LogWriter
from local_cloud.services.lambda_.workers import DEFAULT_WORKERS, Pool, PoolClosed, Run, Spec
from local_cloud.store import Record

FUNCTION: t.Final = "lambda-function"
EVENT: t.Final = "lambda-event"
MOST_PAYLOAD: t.Final = 6_291_456
MOST_EVENT: t.Final = 1_048_576
MOST_RESPONSE: t.Final = 6_291_556
MOST_LOG_RESULT: t.Final = 4096
MOST_LISTED: t.Final = 50
ACCOUNT_CONCURRENCY: t.Final = 1000
UNRESERVED_MINIMUM: t.Final = 100
EVENT_WORKERS: t.Final = 4
_NAME: t.Final = re.compile(
    r"(?:arn:[^:]*:lambda:(?P<region>[^:]*):)?(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[\w-]+)(?::(?P<qualifier>.+))?"
)


class Lambda(Service):
    models = ("lambda",)

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        self._code = CodeStore(cloud.settings.home / "lambda")
        self._logs = LogWriter(cloud)
        self._lock = threading.Lock()
        self._pools: dict[str, Pool] = {}
        self._running: dict[str, int] = {}
        self._stopped = False
        self._events = concurrent.futures.ThreadPoolExecutor(EVENT_WORKERS, thread_name_prefix="lambda-event")

    def start(self) -> None:
        self._code.keep_only({record["CodeKey"] for _, record in self.cloud.store.list(FUNCTION)})
        for key, _ in self.cloud.store.list(EVENT):
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

    def permits(self, arn: str, service_principal: str, source_arn: str) -> bool:
        """Whether the function's own policy lets e.g. ``iot.amazonaws.com`` invoke it for the resource ``source_arn``."""
        record = self._find(arn)
        context = {"aws:SourceArn": source_arn, "aws:SourceAccount": self.cloud.settings.account}
        return bool(policy.trusts(_policy(record), "lambda:InvokeFunction", "Service", service_principal, context))

    # Functions

    def create_function(self, request: Request) -> Answer:
        parameters = request.parameters
        name, _ = self._parse(parameters["FunctionName"])
        arn = self._arn(name)
        self.cloud.authorize(request, "lambda:CreateFunction", arn)
        configuration.refuse_unbuilt(parameters, configuration.CREATABLE)
        for member in ("Runtime", "Handler"):
            if not parameters.get(member):
                raise ApiError("InvalidParameterValueException", f"{member} is mandatory for functions created with deployment packages.")
        configuration.check(parameters)
        runtimes.check(parameters["Runtime"], self.cloud.now())
        self._check_role(request, parameters["Role"])
        if self.cloud.store.get(FUNCTION, name) is not None:
            raise _exists(name)
        code = self._read_code(request, parameters["Code"])
        record = {**configuration.created(parameters, arn, self.cloud.now()), **_code_members(code, self._code.add(code))}
        record = configuration.settling(record, "Creating", self.cloud.now() + self.cloud.settings.knobs.settle)
        with self.cloud.store.transaction():
            if self.cloud.store.get(FUNCTION, name) is not None:
                raise _exists(name)
            self.cloud.store.put(FUNCTION, name, record)
        return configuration.shown(record, "Creating")

    def get_function(self, request: Request) -> Answer:
        record = self._authorized(request, "GetFunction")
        answer: Answer = {"Configuration": self._shown(record), "Code": {"RepositoryType": "S3"}}
        if record["Tags"]:
            answer["Tags"] = record["Tags"]
        if record["Concurrency"] is not None:
            answer["Concurrency"] = {"ReservedConcurrentExecutions": record["Concurrency"]}
        return answer

    def get_function_configuration(self, request: Request) -> Answer:
        return self._shown(self._authorized(request, "GetFunctionConfiguration"))

    def list_functions(self, request: Request) -> Answer:
        self.cloud.authorize(request, "lambda:ListFunctions", "*")
        limit = min(request.parameters.get("MaxItems", MOST_LISTED), MOST_LISTED)
        found = self.cloud.store.list(FUNCTION, after=request.parameters.get("Marker", ""), limit=limit + 1)
        answer: Answer = {"Functions": [self._shown(record) for _, record in found[:limit]]}
        if len(found) > limit:
            answer["NextMarker"] = found[limit - 1][0]
        return answer

    def list_versions_by_function(self, request: Request) -> Answer:
        return {"Versions": [self._shown(self._authorized(request, "ListVersionsByFunction"))]}

    def list_aliases(self, request: Request) -> Answer:
        self._authorized(request, "ListAliases")
        return {"Aliases": []}

    def update_function_code(self, request: Request) -> Answer:
        record = self._authorized(request, "UpdateFunctionCode")
        configuration.refuse_unbuilt(
            request.parameters,
            ("FunctionName", "ZipFile", "S3Bucket", "S3Key", "S3ObjectVersion", "Architectures", "Publish", "DryRun", "RevisionId"),
        )
        runtimes.check(record["Runtime"], self.cloud.now(), current=record["Runtime"])
        code = self._read_code(request, request.parameters)
        if request.parameters.get("DryRun"):
            return configuration.shown({**record, "CodeSha256": sha256(code), "CodeSize": len(code)}, None)
        members: Record = dict(_code_members(code, self._code.add(code)))
        if "Architectures" in request.parameters:
            members["Architectures"] = request.parameters["Architectures"]
        return self._update(request, lambda current: configuration.touched({**current, **members}, self.cloud.now()))

    def update_function_configuration(self, request: Request) -> Answer:
        record = self._authorized(request, "UpdateFunctionConfiguration")
        parameters = request.parameters
        configuration.refuse_unbuilt(parameters, (*configuration.CONFIGURABLE, "FunctionName", "RevisionId"))
        configuration.check(parameters)
        runtimes.check(parameters["Runtime"] if "Runtime" in parameters else record["Runtime"], self.cloud.now(), current=record["Runtime"])
        if "Role" in parameters:
            self._check_role(request, parameters["Role"])
        return self._update(request, lambda current: configuration.updated(current, parameters, self.cloud.now()))

    def delete_function(self, request: Request) -> Answer:
        record = self._authorized(request, "DeleteFunction")
        self.cloud.store.delete(FUNCTION, record["FunctionName"])
        self._retire(record["FunctionArn"])
        return {"StatusCode": 204}

    def publish_version(self, request: Request) -> Answer:
        self._authorized(request, "PublishVersion")
        raise ApiError("NotImplemented", "The local cloud does not implement versions of Lambda functions.", status=501)

    # Tags

    def tag_resource(self, request: Request) -> Answer:
        self._authorized(request, "TagResource", "Resource")
        self._change(request.parameters["Resource"], lambda record: {**record, "Tags": {**record["Tags"], **request.parameters["Tags"]}})
        return {}

    def untag_resource(self, request: Request) -> Answer:
        self._authorized(request, "UntagResource", "Resource")
        gone = set(request.parameters["TagKeys"])
        self._change(
            request.parameters["Resource"],
            lambda record: {**record, "Tags": {key: value for key, value in record["Tags"].items() if key not in gone}},
        )
        return {}

    def list_tags(self, request: Request) -> Answer:
        return {"Tags": self._authorized(request, "ListTags", "Resource")["Tags"]}

    # Concurrency

    def put_function_concurrency(self, request: Request) -> Answer:
        record = self._authorized(request, "PutFunctionConcurrency")
        reserved = request.parameters["ReservedConcurrentExecutions"]
        with self.cloud.store.transaction():
            others = sum(other["Concurrency"] or 0 for name, other in self.cloud.store.list(FUNCTION) if name != record["FunctionName"])
            if others + reserved > ACCOUNT_CONCURRENCY - UNRESERVED_MINIMUM:
                raise ApiError(
                    "InvalidParameterValueException",
                    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its "
                    f"minimum value of [{UNRESERVED_MINIMUM}].",
                )
            self._change(record["FunctionArn"], lambda current: {**current, "Concurrency": reserved})
        return {"ReservedConcurrentExecutions": reserved}

    def get_function_concurrency(self, request: Request) -> Answer:
        reserved = self._authorized(request, "GetFunctionConcurrency")["Concurrency"]
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def delete_function_concurrency(self, request: Request) -> Answer:
        record = self._authorized(request, "DeleteFunctionConcurrency")
        self._change(record["FunctionArn"], lambda current: {**current, "Concurrency": None})
        return {}

    # The function's own policy

    def add_permission(self, request: Request) -> Answer:
        record = self._authorized(request, "AddPermission")
        statement = _statement(request.parameters, record["FunctionArn"])

        def add(current: Record) -> Record:
            if statement["Sid"] in current["Statements"]:
                message = f"The statement id ({statement['Sid']}) provided already exists. Please provide a new statement id, or remove the existing statement."
                raise ApiError("ResourceConflictException", message)
            return {**current, "Statements": {**current["Statements"], statement["Sid"]: statement}}

        self._change(record["FunctionArn"], add)
        return {"Statement": json.dumps(statement, separators=(",", ":"))}

    def remove_permission(self, request: Request) -> Answer:
        record = self._authorized(request, "RemovePermission")
        sid = request.parameters["StatementId"]

        def remove(current: Record) -> Record:
            if sid not in current["Statements"]:
                raise ApiError("ResourceNotFoundException", f"Statement {sid} is not found in resource policy.")
            return {**current, "Statements": {key: value for key, value in current["Statements"].items() if key != sid}}

        self._change(record["FunctionArn"], remove)
        return {}

    def get_policy(self, request: Request) -> Answer:
        record = self._authorized(request, "GetPolicy")
        if not record["Statements"]:
            raise ApiError("ResourceNotFoundException", "The resource you requested does not exist.")
        return {"Policy": json.dumps(_policy(record), separators=(",", ":")), "RevisionId": record["RevisionId"]}

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
        self._logs.write(Entry(record["Role"], record["LoggingConfig"]["LogGroup"], run.log_stream, run.log, self.cloud.now()))
        if len(run.payload) > MOST_RESPONSE and not run.error:
            message = f"Response payload size exceeded maximum allowed payload size ({MOST_RESPONSE} bytes)."
            report = {"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"}
            return Run(json.dumps(report), True, False, run.log, run.log_stream)
        return run

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

    def _reserved(self, record: Record) -> _Reserved:
        return _Reserved(self._lock, self._running, record["FunctionArn"], record["Concurrency"])

    def _retire(self, arn: str) -> None:
        with self._lock:
            pool = self._pools.pop(arn, None)
        if pool is not None:
            pool.close(now=False)

    # Shared steps

    def _parse(self, reference: str) -> tuple[str, str | None]:
        """(name, qualifier) of a function's name, ARN or partial ARN."""
        match = _NAME.fullmatch(reference)
        if match is None:
            raise ApiError("ValidationException", f"The function name {reference!r} is neither a name nor an ARN.", status=400)
        foreign = match["region"] not in (None, self.cloud.settings.region) or match["account"] not in (None, self.cloud.settings.account)
        if foreign:
            raise ApiError("ResourceNotFoundException", f"Functions from '{reference}' are not reachable in this region and account.")
        return match["name"], match["qualifier"]

    def _arn(self, name: str) -> str:
        return self.cloud.arn("lambda", f"function:{name}")

    def _find(self, reference: str, qualifier: str | None = None) -> Record:
        name, own_qualifier = self._parse(reference)
        wanted = qualifier or own_qualifier
        record = self.cloud.store.get(FUNCTION, name)
        if record is None or wanted not in (None, "$LATEST"):
            arn = self._arn(name) + (f":{wanted}" if wanted else "")
            raise ApiError("ResourceNotFoundException", f"Function not found: {arn}")
        return record

    def _authorized(self, request: Request, action: str, member: str = "FunctionName") -> Record:
        reference = request.parameters[member]
        self.cloud.authorize(request, f"lambda:{action}", self._arn(self._parse(reference)[0]))
        return self._find(reference, request.parameters.get("Qualifier"))

    def _shown(self, record: Record) -> dict[str, t.Any]:
        return configuration.shown(record, configuration.settles(record, self.cloud.now()))

    def _check_role(self, request: Request, role: str) -> None:
        self.cloud.authorize(request, "iam:PassRole", role)
        if not self.cloud.role_trusts(role, "lambda.amazonaws.com"):
            raise ApiError("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")

    def _check_active(self, record: Record) -> None:
        if configuration.settles(record, self.cloud.now()) == "Creating":
            message = "The operation cannot be performed at this time. The function is currently in the following state: Pending"
            raise ApiError("ResourceConflictException", message)

    @staticmethod
    def _check_payload(body: bytes, most: int) -> None:
        if len(body) > most:
            raise ApiError("RequestTooLargeException", f"Request must be smaller than {most} bytes for the InvokeFunction operation")

    def _read_code(self, request: Request, code: dict[str, t.Any]) -> bytes:
        """The zip file of a request: sent along, or an S3 object that the caller may read."""
        if "ImageUri" in code or "SourceKMSKeyArn" in code:
            raise ApiError("NotImplemented", "The local cloud takes the code of Lambda functions as zip files only.", status=501)
        if "ZipFile" in code:
            if len(code["ZipFile"]) > MOST_UPLOADED:
                raise ApiError("RequestTooLargeException", f"Request must be smaller than {MOST_UPLOADED} bytes; upload the code to S3.")
            return bytes(code["ZipFile"])
        if "S3Bucket" not in code or "S3Key" not in code:
            raise ApiError("InvalidParameterValueException", "Please provide a source for function code.")
        self.cloud.authorize(request, "s3:GetObject", f"arn:aws:s3:::{code['S3Bucket']}/{code['S3Key']}")
        version = {"VersionId": code["S3ObjectVersion"]} if "S3ObjectVersion" in code else {}
        try:
            found = self.cloud.client("s3").get_object(Bucket=code["S3Bucket"], Key=code["S3Key"], **version)
        except botocore.exceptions.ClientError as error:
            details = error.response["Error"]
            message = f"Error occurred while GetObject. S3 Error Code: {details['Code']}. S3 Error Message: {details['Message']}"
            raise ApiError("InvalidParameterValueException", message) from None
        return bytes(found["Body"].read())

    def _update(self, request: Request, change: c.Callable[[Record], Record]) -> Answer:
        """Applies a change that settles. Raises ResourceConflictException while another one does."""

        def apply(current: Record) -> Record:
            if configuration.settles(current, self.cloud.now()) is not None:
                message = f"The operation cannot be performed at this time. An update is in progress for resource: {current['FunctionArn']}"
                raise ApiError("ResourceConflictException", message)
            if request.parameters.get("RevisionId", current["RevisionId"]) != current["RevisionId"]:
                message = "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId"
                raise ApiError("PreconditionFailedException", message)
            return configuration.settling(change(current), "Updating", self.cloud.now() + self.cloud.settings.knobs.settle)

        return configuration.shown(self._change(request.parameters["FunctionName"], apply), "Updating")

    def _change(self, reference: str, change: c.Callable[[Record], Record]) -> Record:
        with self.cloud.store.transaction():
            record = change(self._find(reference))
            self.cloud.store.put(FUNCTION, record["FunctionName"], record)
        return record


class _Reserved:
    """Counts an invocation against the function's reserved concurrency; above it, AWS throttles."""

    def __init__(self, lock: threading.Lock, running: dict[str, int], arn: str, reserved: int | None) -> None:
        self._lock, self._running, self._arn, self._most = lock, running, arn, reserved

    def __enter__(self) -> None:
        with self._lock:
            count = self._running.get(self._arn, 0)
            if self._most is not None and count >= self._most:
                raise ApiError(
                    "TooManyRequestsException", "Rate Exceeded.", Reason="ReservedFunctionConcurrentInvocationLimitExceeded", Type="User"
                )
            self._running[self._arn] = count + 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            left = self._running.pop(self._arn) - 1
            if left:
                self._running[self._arn] = left


def _exists(name: str) -> ApiError:
    return ApiError("ResourceConflictException", f"Function already exist: {name}")


def _code_members(code: bytes, key: str) -> dict[str, t.Any]:
    return {"CodeSize": len(code), "CodeSha256": sha256(code), "CodeKey": key}


def _policy(record: Record) -> dict[str, t.Any]:
    return {"Version": "2012-10-17", "Id": "default", "Statement": list(record["Statements"].values())}


def _statement(parameters: dict[str, t.Any], arn: str) -> dict[str, t.Any]:
    principal = parameters["Principal"]
    statement: dict[str, t.Any] = {
        "Sid": parameters["StatementId"],
        "Effect": "Allow",
        "Principal": _principal(principal),
        "Action": parameters["Action"],
        "Resource": arn,
    }
    conditions = {
        "ArnLike": {"AWS:SourceArn": parameters.get("SourceArn")},
        "StringEquals": {
            "AWS:SourceAccount": parameters.get("SourceAccount"),
            "aws:PrincipalOrgID": parameters.get("PrincipalOrgID"),
            "lambda:EventSourceToken": parameters.get("EventSourceToken"),
        },
    }
    condition = {
        operator: {key: value for key, value in entries.items() if value is not None}
        for operator, entries in conditions.items()
        if any(value is not None for value in entries.values())
    }
    return {**statement, "Condition": condition} if condition else statement


def _principal(principal: str) -> t.Any:
    if principal == "*":
        return "*"
    if re.fullmatch(r"\d{12}", principal):
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    return {"AWS": principal} if principal.startswith("arn:") else {"Service": principal}


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
