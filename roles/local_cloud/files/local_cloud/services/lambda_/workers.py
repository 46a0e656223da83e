# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes that run one function: started on demand, kept for the next call, killed when they overrun."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import json
import os
import pathlib
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import typing as t
import uuid

BOOTSTRAP: t.Final = pathlib.Path(__file__).with_name("bootstrap.py")
INIT_TIMEOUT: t.Final = 30.0
IDLE: t.Final = 600.0
DEFAULT_WORKERS: t.Final = 4
# What Python and boto3 need before the function's own data; AWS counts resident memory, which no limit here can do.
MEMORY_HEADROOM: t.Final = 256 * 2**20
KEPT_FROM_SERVER: t.Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
MOST_LOG: t.Final = 4 * 2**20


@dataclasses.dataclass(frozen=True)
class Spec:
    """Everything that a worker process is made of; a function whose spec has changed needs new processes.

    environment: the function's variables. session: AWS_* variables. task_root: folder with the unpacked code.
    """

    name: str
    handler: str
    runtime: str
    version: str
    log_group: str
    memory: int
    timeout: float
    task_root: str
    environment: tuple[tuple[str, str], ...]
    session: tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Run:
    """What came of one invocation. payload: JSON text; error: it is an error report; log: all that was printed; milliseconds: without loading."""

    payload: str
    error: bool
    timed_out: bool
    log: str
    log_stream: str
    milliseconds: float


class PoolClosed(Exception):
    """The function has changed, or the cloud stops: this pool starts nothing more."""


class Worker:
    """One process. ``invoke`` is for one thread at a time."""

    def __init__(self, spec: Spec) -> None:
        self.used = time.monotonic()
        self.log_stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[{spec.version}]{uuid.uuid4().hex}"
        self._spec = spec
        self._ready = False
        self._home = pathlib.Path(tempfile.mkdtemp(prefix="local-cloud-lambda-"))
        self._log = (self._home / "log").open("a+b", buffering=0)
        reading, writing = os.pipe()
        limit = str(spec.memory * 2**20 + MEMORY_HEADROOM)
        self._process = subprocess.Popen(
            [sys.executable, "-u", str(BOOTSTRAP), str(writing), limit],
            cwd=spec.task_root,
            env=self._environment(),
            pass_fds=(writing,),
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        os.close(writing)
        self._requests = t.cast("t.IO[bytes]", self._process.stdin)
        self._answers = os.fdopen(reading, "rb", buffering=0)
        self._started = time.monotonic()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def invoke(self, arn: str, event: str, request_id: str, client_context: str | None) -> Run:
        cold = not self._ready
        self._write_log(f"START RequestId: {request_id} Version: {self._spec.version}\n")
        answer, timed_out, init = self._init(request_id) if cold else (None, False, 0.0)
        began = time.monotonic()
        if answer is None:
            request = {
                "event": event,
                "id": request_id,
                "arn": arn,
                "context": client_context,
                "deadline": time.time() + self._spec.timeout,
            }
            with contextlib.suppress(BrokenPipeError):  # it has died; the lack of an answer will say so
                self._requests.write(json.dumps(request).encode() + b"\n")
                self._requests.flush()
            answer, timed_out = self._answer(self._spec.timeout)
        seconds = time.monotonic() - began
        if answer is None:
            text = self._end(request_id, timed_out)
            answer = {"ok": False, "payload": text, "memory": 0}
        return self._run(answer, request_id, seconds, init if cold else None, timed_out)

    def kill(self) -> None:
        """Ends the process and whatever it has started; may be called while another thread waits for its answer."""
        if self._process.returncode is None:  # once it has been waited for, its id may be another's
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the process and removes its folder."""
        self.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._answers.close()
        self._log.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def _environment(self) -> dict[str, str]:
        """The function's variables, its role's keys, what AWS documents; nothing else of the server's own environment."""
        spec = self._spec
        return {
            **{key: os.environ[key] for key in KEPT_FROM_SERVER if key in os.environ},
            **dict(spec.environment),
            **dict(spec.session),
            "_HANDLER": spec.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "LAMBDA_TASK_ROOT": spec.task_root,
            "TZ": ":UTC",
            "HOME": str(self._home),
            "TMPDIR": str(self._home),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _init(self, request_id: str) -> tuple[dict[str, t.Any] | None, bool, float]:
        """(error answer or None, whether it took too long, seconds)."""
        answer, timed_out = self._answer(INIT_TIMEOUT - (time.monotonic() - self._started))
        seconds = time.monotonic() - self._started
        if answer is not None and answer.get("ready"):
            self._ready = True
            return None, False, seconds
        if answer is None:
            return {"ok": False, "payload": self._end(request_id, timed_out, INIT_TIMEOUT), "memory": 0}, timed_out, seconds
        payload = {**json.loads(answer["payload"]), "requestId": request_id}
        self._process.wait()
        return {**answer, "payload": json.dumps(payload)}, False, seconds

    def _answer(self, seconds: float) -> tuple[dict[str, t.Any] | None, bool]:
        """The next line from the process; None if it ended, or (True) took longer than ``seconds``."""
        end = time.monotonic() + seconds
        text = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self._answers, selectors.EVENT_READ)
            while not text.endswith(b"\n"):
                if not selector.select(max(0.0, end - time.monotonic())):
                    return None, True
                block = self._answers.read(1 << 16)
                if not block:
                    return None, False
                text += block
        answer: dict[str, t.Any] = json.loads(text)
        return answer, False

    def _end(self, request_id: str, timed_out: bool, limit: float | None = None) -> str:
        """The payload for a process that had to be killed or ended by itself."""
        if timed_out:
            self.kill()
        status = self._process.wait()
        if timed_out:
            kind, what = "Sandbox.Timedout", f"Task timed out after {limit or self._spec.timeout:.2f} seconds"
        elif status == 0:
            kind, what = "Runtime.ExitError", "Runtime exited without providing a reason"
        elif status < 0:
            kind, what = (
                "Runtime.ExitError",
                f"Runtime exited with error: signal: {signal.Signals(-status).name.removeprefix('SIG').lower()}",
            )
        else:
            kind, what = "Runtime.ExitError", f"Runtime exited with error: exit status {status}"
        instant = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
        self._write_log(f"{instant}.000Z {request_id} {what}\n" if timed_out else f"RequestId: {request_id} Error: {what}\n{kind}\n")
        return json.dumps({"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {what}"})

    def _run(self, answer: dict[str, t.Any], request_id: str, seconds: float, init: float | None, timed_out: bool) -> Run:
        milliseconds = seconds * 1000
        cold = "" if init is None else f"\tInit Duration: {init * 1000:.2f} ms"
        self._write_log(
            f"END RequestId: {request_id}\nREPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\t"
            f"Billed Duration: {int(milliseconds) + 1} ms\tMemory Size: {self._spec.memory} MB\t"
            f"Max Memory Used: {answer['memory'] // 1024} MB{cold}\n"
        )
        return Run(answer["payload"], not answer["ok"], timed_out, self._take_log(), self.log_stream, milliseconds)

    def _write_log(self, text: str) -> None:
        self._log.write(text.encode())

    def _take_log(self) -> str:
        """What was printed since the last time; of more than MOST_LOG bytes, the end."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - MOST_LOG))
        text = self._log.read()
        self._log.truncate(0)  # it is open for appending, so the process goes on at the beginning
        return text.decode(errors="replace")


class Pool:
    """The processes of one function: at most ``most`` at a time, the most recently used one first."""

    def __init__(self, spec: Spec, most: int) -> None:
        self.spec = spec
        self._most = most
        self._changed = threading.Condition()
        self._idle: collections.deque[Worker] = collections.deque()
        self._busy: set[Worker] = set()
        self._closed = False

    def resize(self, most: int) -> None:
        with self._changed:
            self._most = most
            self._changed.notify_all()

    def invoke(self, arn: str, event: str, client_context: str | None = None) -> Run:
        """Waits for a free process if all are busy. Raises PoolClosed."""
        worker = self._acquire()
        try:
            return worker.invoke(arn, event, str(uuid.uuid4()), client_context)
        finally:
            self._release(worker)

    def close(self, *, now: bool = True) -> None:
        """Ends the idle processes, and the busy ones: ``now`` or when they are done."""
        with self._changed:
            self._closed = True
            ending = list(self._idle) + (list(self._busy) if now else [])
            self._idle.clear()
            self._changed.notify_all()
        for worker in ending:
            if worker in self._busy:
                worker.kill()
            else:
                worker.close()

    def drop_idle(self) -> None:
        """Ends the processes that nobody has used for a while."""
        oldest = time.monotonic() - IDLE
        with self._changed:
            dropped = [worker for worker in self._idle if worker.used < oldest]
            for worker in dropped:
                self._idle.remove(worker)
        for worker in dropped:
            worker.close()

    def _acquire(self) -> Worker:
        with self._changed:
            while not self._closed:
                while self._idle:
                    worker = self._idle.pop()
                    if worker.alive:
                        self._busy.add(worker)
                        return worker
                    worker.close()
                if len(self._busy) < self._most:
                    worker = Worker(self.spec)
                    self._busy.add(worker)
                    return worker
                self._changed.wait()
        raise PoolClosed

    def _release(self, worker: Worker) -> None:
        worker.used = time.monotonic()
        with self._changed:
            self._busy.discard(worker)
            keep = worker.alive and not self._closed
            if keep:
                self._idle.append(worker)
            self._changed.notify()
        if not keep:
            worker.close()
