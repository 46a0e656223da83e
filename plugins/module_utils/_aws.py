# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the rooms of every AWS service share: calls that retry and explain themselves, waiting, tags, and the way out of a module."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import dataclasses
import functools
import inspect
import typing as t

try:
    import botocore.config
    from botocore import exceptions as boto

    # What may pass: AWS's own answers, and connections that broke after they stood. Who cannot be reached at all is not tried for long.
    PASSING: tuple[type[Exception], ...] = (boto.ClientError, boto.ConnectionClosedError, boto.ReadTimeoutError)
except ImportError:
    PASSING = ()  # AnsibleAWSModule says so

from ansible_collections.amazon.aws.plugins.module_utils.botocore import is_boto3_error_code
from ansible_collections.amazon.aws.plugins.module_utils.errors import AWSErrorHandler
from ansible_collections.amazon.aws.plugins.module_utils.exceptions import AnsibleAWSError
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule
from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.module_utils.tagging import compare_aws_tags

from ansible_collections.energytwin.aws.plugins.module_utils import _wait
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, listed

P = t.ParamSpec("P")
R = t.TypeVar("R")
Item = t.TypeVar("Item")
Result = dict[str, t.Any]

poll = _wait.poll

BROKEN_CONNECTION = "broken connection"
# What AWSRetry does not know by itself. The client's own retries come first, so a few more are enough.
RETRY_CODES = (
    "InternalException",
    "InternalFailureException",
    "InternalServerException",
    "ServiceUnavailableException",
    "ThrottlingException",
    BROKEN_CONNECTION,
    # The answer to a HEAD has no body that could say more.
    "429",
    "500",
    "502",
    "503",
    "504",
)
RETRIES = 6
RETRY_DELAY = 1
RETRY_MAX_DELAY = 15

REMEDIES = {
    "AccessDeniedException": "the credentials in use lack the permission for it",
    "ConnectorFailureException": "the Lambda function of the data connector failed; look at its log group in CloudWatch Logs",
    "ConnectorTimeoutException": "the Lambda function of the data connector took too long; ask for less at once, or give it more time and memory",
    "ExpiredToken": "the credentials have expired, get new ones",
    "ExpiredTokenException": "the credentials have expired, get new ones",
    "InvalidClientTokenId": "AWS does not know the access key, check it",
    "InvalidSignatureException": "the secret key does not belong to the access key, or this machine's clock is wrong",
    "ServiceQuotaExceededException": "ask AWS for a higher quota, or make do with fewer",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key, or this machine's clock is wrong",
    "ThrottlingException": "AWS takes fewer calls than this; go slower",
    "UnrecognizedClientException": "AWS does not know the access key or the session token, check them",
}


class AwsError(AnsibleAWSError):
    """A call of an AWS API has failed for good. ``message`` says what was tried, ``exception`` is botocore's error."""

    @property
    def code(self) -> str:
        """AWS's name of the error, e.g. ``ConflictException``; empty if the call did not get that far."""
        return str(self._answer.get("Code", ""))

    @property
    def text(self) -> str:
        """AWS's own words."""
        return str(self._answer.get("Message", ""))

    @property
    def _answer(self) -> dict[str, t.Any]:
        # botocore's errors of connections have a response too, which is None.
        answer = getattr(self.exception, "response", None) or {}
        return t.cast("dict[str, t.Any]", answer.get("Error", {}))

    def sentence(self) -> str:
        return f"{self.message}: {explain(self.exception)}"


class _Retry(AWSRetry):
    """Tries broken connections again too. A write may then be sent twice, which every caller of ours can stand."""

    base_class = PASSING

    @staticmethod
    def status_code_from_exception(error: t.Any) -> str:
        return str(error.response["Error"]["Code"]) if isinstance(error, boto.ClientError) else BROKEN_CONNECTION


class _ErrorHandler(AWSErrorHandler):
    _CUSTOM_EXCEPTION = AwsError


def explain(error: BaseException) -> str:
    """One sentence about a botocore error: what happened and what to do about it."""
    if isinstance(error, boto.ClientError):
        answer = error.response.get("Error", {})
        code = answer.get("Code", "")
        said = f"{str(answer.get('Message') or 'AWS gave no reason').rstrip('.')} ({code})"
        return f"{said}: {REMEDIES[code]}." if code in REMEDIES else f"{said}."
    if isinstance(error, (boto.NoCredentialsError, boto.PartialCredentialsError)):
        return "no complete AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, or run where a role is attached."
    if isinstance(error, (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ConnectionClosedError, boto.ReadTimeoutError)):
        where = error.kwargs.get("endpoint_url", "the endpoint")
        return f"{where} does not answer; check the network, the endpoint and whether the region has this service."
    if isinstance(error, boto.ParamValidationError):
        return f"the request does not fit the API: {' '.join(str(error.kwargs.get('report', error)).split())}."
    return f"{str(error).rstrip('.')}."


def api_call(description: str) -> c.Callable[[c.Callable[P, R]], c.Callable[P, R]]:
    """Makes a function one call of an API: throttling and AWS's own faults are tried again, other errors become ``AwsError``.

    description: what the call does, as it continues "Failed to"; ``{names}`` are the function's arguments.
    """
    return _decorator(description, _ErrorHandler.common_error_handler)


def api_lookup(description: str, missing: str = "ResourceNotFoundException") -> c.Callable[[c.Callable[P, R]], c.Callable[P, R | None]]:
    """As ``api_call``, for a call whose item may not be there: then it gives None.

    missing: AWS's error code that says so.
    """

    class Handler(_ErrorHandler):
        @classmethod
        def _is_missing(cls) -> type[Exception]:
            return is_boto3_error_code(missing)

    return t.cast("c.Callable[[c.Callable[P, R]], c.Callable[P, R | None]]", _decorator(description, Handler.list_error_handler))


def _decorator(
    description: str, handler: c.Callable[[str], c.Callable[[c.Callable[P, R]], c.Callable[P, R]]]
) -> c.Callable[[c.Callable[P, R]], c.Callable[P, R]]:
    def decorate(function: c.Callable[P, R]) -> c.Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def called(*args: P.args, **kwargs: P.kwargs) -> R:
            # Made for each call: a back-off that threads share would mix up their delays.
            retry = _Retry.jittered_backoff(
                retries=RETRIES, delay=RETRY_DELAY, max_delay=RETRY_MAX_DELAY, catch_extra_error_codes=list(RETRY_CODES)
            )
            text = description.format(**signature.bind(*args, **kwargs).arguments)
            return handler(text)(retry(function))(*args, **kwargs)

        return called

    return decorate


def pages(call: c.Callable[..., Result], key: str, **arguments: t.Any) -> c.Iterator[t.Any]:
    """The items of every page of a list call that botocore has no paginator for."""
    token: str | None = None
    while True:
        answer = call(**arguments, **({"nextToken": token} if token else {}))
        yield from answer.get(key, [])
        token = answer.get("nextToken")
        if not token:
            return


def in_parallel(function: c.Callable[[Item], R], items: c.Iterable[Item], concurrency: int) -> list[R]:
    """The function's results in the order of the items. The first error stops what has not begun, and is raised."""
    pool = concurrent.futures.ThreadPoolExecutor(concurrency)
    try:
        return list(pool.map(function, items))
    finally:
        pool.shutdown(cancel_futures=True)


def connect(module: AnsibleAWSModule, service: str, connections: int = 10, **settings: t.Any) -> t.Any:
    """A boto3 client with the module's region, endpoint and credentials.

    connections: how many calls run at once; with a smaller pool urllib3 would throw connections away.
    settings: what botocore's Config takes beside that.
    """
    return module.client(service, config=botocore.config.Config(max_pool_connections=connections, **settings))


def run(module: AnsibleAWSModule, work: c.Callable[[AnsibleAWSModule], Result]) -> t.NoReturn:
    """Does the module's work and ends it: with its result, or with one clear message and never a traceback."""
    answer, done = _outcome(module, work)
    if done:
        module.exit_json(**answer)
    module.fail_json(**answer)


def _outcome(module: AnsibleAWSModule, work: c.Callable[[AnsibleAWSModule], Result]) -> tuple[Result, bool]:
    """The result, or what failed; and which of the two it is."""
    try:
        return work(module), True
    except Refused as error:
        return {"msg": error.message, **error.details}, False
    except AwsError as error:
        return {"msg": error.sentence(), "error": {"code": error.code, "message": error.text}}, False
    except (boto.BotoCoreError, boto.ClientError) as error:
        return {"msg": explain(error)}, False


@dataclasses.dataclass(frozen=True)
class TagChanges:
    """What to do to the tags of a resource."""

    to_set: dict[str, str]
    to_unset: list[str]

    def __bool__(self) -> bool:
        return bool(self.to_set or self.to_unset)

    def reasons(self) -> list[str]:
        return [f"tag '{key}' becomes '{value}'" for key, value in self.to_set.items()] + [f"tag '{key}' goes" for key in self.to_unset]

    def applied(self, current: c.Mapping[str, str]) -> dict[str, str]:
        """The tags after the changes."""
        return {**{key: value for key, value in current.items() if key not in self.to_unset}, **self.to_set}


def tag_changes(current: c.Mapping[str, str], wanted: c.Mapping[str, str] | None, purge: bool) -> TagChanges:
    """From the tags that are there to those that are wanted. None wants nothing to change."""
    if wanted is None:
        return TagChanges({}, [])
    to_set, to_unset = compare_aws_tags(dict(current), dict(wanted), purge)
    return TagChanges({key: to_set[key] for key in sorted(to_set)}, sorted(to_unset))


def tag_writer(
    tag: c.Callable[[t.Any, str, dict[str, str]], None], untag: c.Callable[[t.Any, str, list[str]], None]
) -> c.Callable[[t.Any, str, TagChanges], None]:
    """What makes changes to the tags of a resource (client, ARN, changes), by a service's own calls.

    tag, untag: take the client, the ARN, and the tags to set or the keys to take away.
    """

    def write_tags(client: t.Any, arn: str, change: TagChanges) -> None:
        if change.to_unset:
            untag(client, arn, change.to_unset)
        if change.to_set:
            tag(client, arn, change.to_set)

    return write_tags


def checked_tags(tags: c.Mapping[str, t.Any] | None, where: str = "") -> dict[str, str] | None:
    """The tags of a module's option as texts. where: stands before ``tags`` in messages. Raises Refused for what AWS would not take."""
    if tags is None:
        return None
    if empty := [str(key) for key, value in tags.items() if value is None]:
        raise Refused(f"{where}tags: {listed(empty)} has no value; give it one, an empty text if that is meant, or leave the tag out.")
    texts = {str(key): str(value) for key, value in tags.items()}
    bad = [key for key, value in texts.items() if not 1 <= len(key) <= 128 or len(value) > 256 or key.startswith("aws:")]
    if bad or len(texts) > 50:
        raise Refused(
            f"{where}tags: {listed(bad) or len(texts)} cannot be used; AWS takes at most 50 tags with keys of 1 to 128 characters"
            " that do not start with 'aws:', and values of up to 256 characters."
        )
    return texts
