# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in a process of its own: one function, one invocation after the other.

It imports nothing of the local cloud, as the function must find only its own code and the installed libraries.

stdin: one JSON object a line, ``{"event": <text>, "id": ..., "deadline": <epoch seconds>, "context": <text or null>}``.
Answers go to the file descriptor in argv[1], one JSON object a line: first ``{"ready": true}`` or an error, then one
``{"ok": bool, "payload": <text>, "memory": <KiB>}`` for each event. stdout and stderr are the function's own.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import queue
import resource
import sys
import threading
import time
import traceback
import typing as t

Handler = t.Callable[[t.Any, "Context"], t.Any]


class InitError(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ClientContext:
    """What the caller of Invoke sent as its ClientContext."""

    def __init__(self, sent: dict[str, t.Any]) -> None:
        self.client = sent.get("client")
        self.custom = sent.get("custom")
        self.env = sent.get("env")


class Context:
    """The second argument of a handler, as the Lambda developer guide describes it for Python."""

    def __init__(self, request: dict[str, t.Any]) -> None:
        self.aws_request_id = request["id"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.invoked_function_arn = request["arn"]
        self.identity = None
        self.client_context = ClientContext(json.loads(request["context"])) if request["context"] else None
        self._deadline = float(request["deadline"])

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.time()) * 1000))


class LogFormatter(logging.Formatter):
    """The lines that Lambda's Python runtime makes of log records."""

    request_id = ""

    def format(self, record: logging.LogRecord) -> str:
        instant = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line = f"[{record.levelname}]\t{instant}\t{self.request_id}\t{record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def load(name: str) -> Handler:
    """'index.handler' -> the function. Raises InitError."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise InitError("Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise InitError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        raise InitError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}") from error
    handler: Handler | None = getattr(module, function_name, None)
    if handler is None:
        raise InitError("Runtime.HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return handler


def failure(error: BaseException, request_id: str, kind: str | None = None) -> str:
    """The payload of a failed invocation; its stack trace begins in the function's own code."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    lines = traceback.format_list([frame for frame in frames if not frame.filename.startswith("<frozen importlib")])
    payload = {"errorMessage": str(error), "errorType": kind or type(error).__name__, "requestId": request_id, "stackTrace": lines}
    sys.stderr.write(f"[ERROR] {payload['errorType']}: {error}\nTraceback (most recent call last):\n{''.join(lines)}")
    return json.dumps(payload)


def run(handler: Handler, request: dict[str, t.Any]) -> tuple[bool, str]:
    """(whether it succeeded, payload). SystemExit ends the process, as on AWS."""
    try:
        result = handler(json.loads(request["event"]), Context(request))
    except Exception as error:
        return False, failure(error, request["id"])
    try:
        return True, json.dumps(result)
    except (TypeError, ValueError) as error:
        return False, failure(TypeError(f"Unable to marshal response: {error}"), request["id"], "Runtime.MarshalError")


def most_memory() -> int:
    """KiB that this process has had resident at most; getrusage would count the process that it was forked from."""
    with open("/proc/self/status", encoding="ascii") as status:
        return int(next((line.split()[1] for line in status if line.startswith("VmHWM:")), "0"))


def read_requests(requests: queue.SimpleQueue[dict[str, t.Any]]) -> None:
    """Ends the process, whatever it does, when the local cloud is gone."""
    for line in sys.stdin:
        requests.put(json.loads(line))
    os._exit(0)


def main() -> None:
    answers = os.fdopen(int(sys.argv[1]), "w", buffering=1)
    data_limit = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_DATA, (data_limit, data_limit))
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    formatter = LogFormatter()
    log = logging.StreamHandler(sys.stdout)
    log.setFormatter(formatter)
    logging.getLogger().addHandler(log)
    requests: queue.SimpleQueue[dict[str, t.Any]] = queue.SimpleQueue()
    threading.Thread(target=read_requests, args=(requests,), daemon=True).start()

    def answer(**members: t.Any) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        answers.write(json.dumps({**members, "memory": most_memory()}) + "\n")

    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as error:
        answer(ok=False, payload=failure(error, "", error.kind if isinstance(error, InitError) else None))
        os._exit(1)
    answer(ready=True)
    while True:
        request = requests.get()
        formatter.request_id = request["id"]
        ok, payload = run(handler, request)
        answer(ok=ok, payload=payload)


if __name__ == "__main__":
    main()
