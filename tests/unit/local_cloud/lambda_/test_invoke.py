# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import pytest

from local_cloud.cloud import Cloud
from local_cloud.errors import ApiError
from local_cloud.services.lambda_ import Lambda
from local_cloud.services.lambda_.service import EVENT
from tests.unit.local_cloud.clients import make_role, refused
from tests.unit.local_cloud.lambda_.functions import PID_SOURCE, Make, is_running, until

FILES = pathlib.Path(__file__).parents[4] / "roles" / "local_cloud" / "files"


def handler(body: str) -> str:
    return "import json, os, sys, time\ndef handler(event, context):\n" + textwrap.indent(textwrap.dedent(body), "    ")


def test_the_event_goes_in_and_the_result_comes_out(make: Make) -> None:
    function = make(handler("return {'got': event, 'ünï': 1.5}"))
    event = {"text": "line\nbreak \u2028 ü", "list": [1, None, True]}
    assert function.invoke(event).payload == {"got": event, "ünï": 1.5}
    assert json.loads(function.client.invoke(FunctionName=function.name)["Payload"].read())["got"] == {}


def test_another_room_invokes_a_function(cloud: Cloud, make: Make) -> None:
    function = make(handler("print('hello')\nreturn event[0] / event[1]"))
    outcome = cloud.service(Lambda).invoke_function(function.arn, [3, 2])
    assert (outcome.payload, outcome.error, outcome.timed_out) == (1.5, False, False)
    assert "hello" in outcome.log
    failed = cloud.service(Lambda).invoke_function(function.arn, [3, 0])
    assert (failed.error, failed.payload["errorType"]) == (True, "ZeroDivisionError")
    with pytest.raises(ApiError, match="Function not found"):
        cloud.service(Lambda).invoke_function(f"{function.arn}x", {})


def test_what_a_handler_prints_is_its_log_and_not_its_answer(make: Make) -> None:
    source = "import logging, sys\nprint('loading')\n" + handler(
        """
        print('{"ok": true}')
        sys.stderr.write('to stderr\\n')
        logging.getLogger().warning('careful %s', 1)
        os.write(1, b'raw\\n')
        return 1
        """
    )
    function = make(source.replace("import json, os", "import logging, json, os"))
    result = function.invoke()
    assert (result.payload, result.error) == (1, None)
    lines = result.log.splitlines()
    assert lines[0].startswith("START RequestId: ")
    request_id = lines[0].split()[2]
    assert lines[1:4] == ["loading", '{"ok": true}', "to stderr"]
    assert lines[4].startswith("[WARNING]\t")
    assert lines[4].endswith(f"\t{request_id}\tcareful 1")
    assert lines[5] == "raw"
    assert lines[6] == f"END RequestId: {request_id}"
    assert lines[7].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    assert "\tInit Duration: " in lines[7]
    warm = function.invoke().log
    assert "loading" not in warm
    assert "Init Duration" not in warm


def test_the_end_of_a_long_log_is_returned(make: Make) -> None:
    result = make(handler("print('x' * 100_000)\nprint('the end')\nreturn 1")).invoke()
    assert len(result.log) == 4096
    assert "the end" in result.log


def test_the_context(make: Make) -> None:
    function = make(
        handler(
            """
            return {
                'name': context.function_name, 'version': context.function_version, 'arn': context.invoked_function_arn,
                'memory': context.memory_limit_in_mb, 'left': context.get_remaining_time_in_millis(), 'id': context.aws_request_id,
                'group': context.log_group_name, 'client': context.client_context and context.client_context.custom,
            }
            """
        ),
        Timeout=9,
    )
    found = function.invoke(ClientContext="eyJjdXN0b20iOiB7ImEiOiAiYiJ9fQ==").payload
    assert 0 < found.pop("left") <= 9000
    assert len(found.pop("id")) == 36
    expected = {"name": function.name, "version": "$LATEST", "arn": function.arn, "memory": "128", "client": {"a": "b"}}
    assert found == {**expected, "group": f"/aws/lambda/{function.name}"}
    with refused("InvalidRequestContentException", "Client context"):
        function.invoke(ClientContext="no base64")


def test_a_function_sees_its_own_environment_and_nothing_of_the_servers(
    cloud: Cloud, make: Make, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVER", "x")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    function = make(handler("return [dict(os.environ), sys.path, os.getcwd()]"), Environment={"Variables": {"TABLE": "energy"}})
    environment, path, folder = function.invoke().payload
    assert environment["TABLE"] == "energy"
    assert not {"SECRET_OF_THE_SERVER", "PYTHONPATH"} & environment.keys()
    session = cloud.issue_session(role)
    assert (environment["AWS_ACCESS_KEY_ID"], environment["AWS_SESSION_TOKEN"]) == (session.access_key, session.token)
    assert environment["AWS_ENDPOINT_URL"] == cloud.settings.endpoint
    assert environment["AWS_DISABLE_HOST_PREFIX_INJECTION"] == "true"
    assert (environment["AWS_REGION"], environment["AWS_LAMBDA_FUNCTION_NAME"]) == ("eu-central-1", function.name)
    assert environment["LAMBDA_TASK_ROOT"] == path[0] == folder
    assert not any("local_cloud" in entry for entry in path)
    assert environment["HOME"] != os.environ.get("HOME")


# Failures


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        ("raise ValueError('no such meter')", "ValueError", "no such meter"),
        ("return {1, 2}", "Runtime.MarshalError", "Unable to marshal response: Object of type set is not JSON serializable"),
        ("sys.exit(3)", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime.ExitError", "Runtime exited without providing a reason"),
        ("os.kill(os.getpid(), 9)", "Runtime.ExitError", "Runtime exited with error: signal: kill"),
        ("return len(bytearray(1_000_000_000))", "MemoryError", ""),
        ("return 'x' * 6_300_000", "Function.ResponseSizeTooLarge", "6291556"),
    ],
)
def test_a_failure_is_reported_and_the_next_call_works(make: Make, body: str, kind: str, message: str) -> None:
    function = make(handler(f"if event:\n    return event\n{body}"), Timeout=60)
    result = function.invoke()
    assert result.error == "Unhandled"
    assert result.payload["errorType"] == kind
    assert message in result.payload["errorMessage"]
    assert function.invoke("again").payload == "again"


def test_a_stack_trace_begins_in_the_functions_code(make: Make) -> None:
    payload = make("def inner():\n    raise KeyError('kW')\n" + handler("inner()")).invoke().payload
    assert [line.split(", in ")[1].split("\n")[0] for line in payload["stackTrace"]] == ["handler", "inner"]
    assert payload["errorMessage"] == "'kW'"


@pytest.mark.parametrize(
    ("source", "name", "kind", "message"),
    [
        ("x = 1", "index.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        ("x = 1", "other.handler", "Runtime.ImportModuleError", "Unable to import module 'other': No module named 'other'"),
        ("import nothing_of_the_sort", "index.handler", "Runtime.ImportModuleError", "No module named 'nothing_of_the_sort'"),
        ("def x(:", "index.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index'"),
        ("x = 1", "handler", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("raise ValueError('TABLE is not set')", "index.handler", "ValueError", "TABLE is not set"),
        ("import os; os._exit(2)", "index.handler", "Runtime.ExitError", "exit status 2"),
    ],
)
def test_a_module_that_does_not_load(make: Make, source: str, name: str, kind: str, message: str) -> None:
    function = make(source, handler=name)
    for _ in range(2):
        result = function.invoke()
        assert (result.error, result.payload["errorType"]) == ("Unhandled", kind)
        assert message in result.payload["errorMessage"]


def test_a_handler_that_takes_too_long_is_killed(make: Make, tmp_path: pathlib.Path) -> None:
    mark = tmp_path / "pid"
    function = make(handler(f"if event:\n    return event\nopen({str(mark)!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"), Timeout=1)
    result = function.invoke()
    assert result.error == "Unhandled"
    assert result.payload["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert "Task timed out after 1.00 seconds" in result.log
    assert not is_running(int(mark.read_text()))
    assert function.invoke("again").payload == "again"


# Limits of Invoke


def test_payloads_are_limited(make: Make) -> None:
    function = make(handler("return len(event)"), Timeout=60)
    assert function.invoke("x" * 6_000_000).payload == 6_000_000
    with refused("RequestTooLargeException", "6291456", status=413):
        function.invoke("x" * 6_291_456)
    with refused("RequestTooLargeException", "1048576"):
        function.client.invoke(FunctionName=function.name, InvocationType="Event", Payload=json.dumps("x" * 1_048_576))
    with refused("InvalidRequestContentException", "Could not parse request body into json", status=400):
        function.client.invoke(FunctionName=function.name, Payload=b"{no json")


def test_a_dry_run_runs_nothing(make: Make, tmp_path: pathlib.Path) -> None:
    function = make(handler(f"open({str(tmp_path / 'ran')!r}, 'w')"))
    assert function.client.invoke(FunctionName=function.name, InvocationType="DryRun")["StatusCode"] == 204
    assert function.invoke().error is None
    assert (tmp_path / "ran").exists()


# Processes


def test_a_process_is_kept_for_the_next_call(make: Make) -> None:
    function = make(PID_SOURCE)
    assert function.invoke().payload == function.invoke().payload


def test_calls_run_in_parallel(make: Make, tmp_path: pathlib.Path) -> None:
    """Each of four calls ends only when all four have begun."""
    function = make(
        handler(
            f"""
            folder = {str(tmp_path)!r}
            open(os.path.join(folder, str(event)), 'w').close()
            while len(os.listdir(folder)) < 4:
                time.sleep(0.01)
            return event
            """
        ),
        Timeout=60,
    )
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(lambda n: function.invoke(n).payload, range(4))) == [0, 1, 2, 3]


def test_calls_above_the_reserved_concurrency_are_throttled(cloud: Cloud, make: Make, tmp_path: pathlib.Path) -> None:
    begun, may_end = tmp_path / "begun", tmp_path / "end"
    function = make(
        handler(
            f"""
            open({str(begun)!r}, 'w').close()
            while not os.path.exists({str(may_end)!r}):
                time.sleep(0.01)
            return event
            """
        ),
        Timeout=60,
    )
    function.client.put_function_concurrency(FunctionName=function.name, ReservedConcurrentExecutions=1)
    with concurrent.futures.ThreadPoolExecutor(2) as threads:
        first = threads.submit(function.invoke, 1)
        until(begun.exists, "the first call")
        with refused("TooManyRequestsException", "Rate Exceeded", status=429):
            function.invoke(2)
        waiting = threads.submit(cloud.service(Lambda).invoke_function, function.arn, 3)  # AWS's own services try again
        may_end.touch()
        assert first.result().payload == 1
        assert waiting.result().payload == 3


def test_an_asynchronous_call_runs_later(cloud: Cloud, make: Make, tmp_path: pathlib.Path) -> None:
    mark = tmp_path / "mark"
    function = make(handler(f"open({str(mark)!r}, 'a').write(event['text'])"))
    answer = function.client.invoke(FunctionName=function.name, InvocationType="Event", Payload=b'{"text": "done"}')
    assert answer["StatusCode"] == 202
    until(lambda: mark.exists() and mark.read_text() == "done", "the call")
    until(lambda: not cloud.store.list(EVENT), "the end of the event")


def test_processes_end_when_the_server_is_killed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "index.py").write_text(
        "import os, time\ndef handler(event, context):\n    print(event)\n    time.sleep(event)\n    return os.getpid()\n"
    )
    program = textwrap.dedent(
        f"""
        import threading
        from local_cloud.services.lambda_.workers import Pool, Spec
        pool = Pool(Spec("f", "index.handler", "python3.13", "$LATEST", "/g", 128, 600, {str(tmp_path)!r}, (), ()), 2)
        print(pool.invoke("arn", "0").payload, flush=True)
        threading.Thread(target=pool.invoke, args=("arn", "600")).start()  # busy when the end comes
        """
    )
    environment = {**os.environ, "PYTHONPATH": str(FILES)}
    with subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        process = int(server.stdout.readline())
        assert is_running(process)
        server.send_signal(signal.SIGKILL)
    until(lambda: not is_running(process), "the end of the process")


# Logs


def test_logs_reach_cloudwatch_as_the_functions_role(cloud: Cloud, make: Make) -> None:
    function = make(handler("print('reading 1')\nreturn 1"))
    function.invoke()
    logs = cloud.client("logs")
    group = f"/aws/lambda/{function.name}"

    def messages() -> list[str]:
        groups = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
        return [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]] if groups else []

    found = until(messages, "the log")
    assert "reading 1" in found
    [stream] = logs.describe_log_streams(logGroupName=group)["logStreams"]
    assert "/[$LATEST]" in stream["logStreamName"]


def test_a_role_without_leave_writes_no_logs_but_answers(cloud: Cloud, make: Make) -> None:
    silent = make(handler("return 1"), Role=make_role(cloud.client("iam"), "silent", "lambda"))
    loud = make(handler("return 2"))
    assert silent.invoke().payload == 1
    loud.invoke()
    logs = cloud.client("logs")
    until(lambda: logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{loud.name}")["logGroups"], "the log of the other function")
    assert logs.describe_log_groups(logGroupNamePrefix=f"/aws/lambda/{silent.name}")["logGroups"] == []


def test_a_role_that_may_not_make_groups_writes_into_one_that_is_there(cloud: Cloud, make: Make) -> None:
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/plant/reader")
    writing = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": "*"}
    role = make_role(cloud.client("iam"), "writer", "lambda", writing)
    make(handler("print('reading 1')\nreturn 1"), Role=role, LoggingConfig={"LogGroup": "/plant/reader"}).invoke()
    messages = until(
        lambda: [event["message"] for event in logs.filter_log_events(logGroupName="/plant/reader")["events"]], "the log in the group"
    )
    assert "reading 1" in messages
