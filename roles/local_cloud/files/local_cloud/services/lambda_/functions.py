# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Functions: their life, configuration, code, tags and concurrency."""

from __future__ import annotations

import collections.abc as c
import typing as t

import botocore.exceptions

from local_cloud.errors import ApiError
from local_cloud.service import Answer, Request
from local_cloud.services.lambda_ import configuration, runtimes
from local_cloud.services.lambda_.code import MOST_UPLOADED, sha256
from local_cloud.services.lambda_.room import FUNCTION, Room
from local_cloud.store import Record

MOST_LISTED: t.Final = 50
ACCOUNT_CONCURRENCY: t.Final = 1000
UNRESERVED_MINIMUM: t.Final = 100


class Functions(Room):
    def create_function(self, request: Request) -> Answer:
        parameters = request.parameters
        name, _unused = self._parse(parameters["FunctionName"])
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
        answer: Answer = {"Functions": [self._shown(record) for _unused, record in found[:limit]]}
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
        self._forget(record["FunctionArn"])
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

    # Shared steps

    def _check_role(self, request: Request, role: str) -> None:
        self.cloud.authorize(request, "iam:PassRole", role)
        if not self.cloud.role_trusts(role, "lambda.amazonaws.com"):
            raise ApiError("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")

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


def _exists(name: str) -> ApiError:
    return ApiError("ResourceConflictException", f"Function already exist: {name}")


def _code_members(code: bytes, key: str) -> dict[str, t.Any]:
    return {"CodeSize": len(code), "CodeSha256": sha256(code), "CodeKey": key}
