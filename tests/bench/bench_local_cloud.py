# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast the local cloud starts and answers. Client and server share the machine."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import pathlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import typing as t

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "roles" / "local_cloud" / "files"
HEADERS = {
    "authorization": "AWS4-HMAC-SHA256 Credential=AKIAX/20260101/eu-central-1/iottwinmaker/aws4_request, SignedHeaders=host, Signature=0"
}
STARTS = 3
CLIENTS = 4
REQUESTS = 4_000


def bench_local_cloud() -> dict[str, float]:
    """The median time of a start on an empty home, until it answers; and ListWorkspaces with four clients that keep their connections."""
    starts = []
    with tempfile.TemporaryDirectory(prefix="local-cloud-bench-") as folder:
        for number in range(STARTS):
            with _cloud(pathlib.Path(folder) / str(number)) as (seconds, port):
                starts.append(seconds)
                rate = _requests_per_second(port) if number == STARTS - 1 else 0.0
    return {"local_cloud_start_seconds": statistics.median(starts), "local_cloud_requests_per_second": rate}


@contextlib.contextmanager
def _cloud(home: pathlib.Path) -> t.Iterator[tuple[float, int]]:
    """Starts one; gives the seconds that this took, and its port."""
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.bind(("127.0.0.1", 0))
        port, mqtt_port = first.getsockname()[1], second.getsockname()[1]
    command = [sys.executable, "-m", "local_cloud", "--home", str(home), "--port", str(port), "--mqtt-port", str(mqtt_port)]
    began = time.perf_counter()
    subprocess.run([*command, "start"], cwd=PROGRAM, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - began
    try:
        yield seconds, port
    finally:
        subprocess.run([*command, "stop"], cwd=PROGRAM, check=True, stdout=subprocess.DEVNULL)


def _requests_per_second(port: int) -> float:
    _list_workspaces(port, 200)  # the first call reads the model
    began = time.perf_counter()
    with concurrent.futures.ProcessPoolExecutor(CLIENTS) as pool:
        list(pool.map(_list_workspaces, [port] * CLIENTS, [REQUESTS // CLIENTS] * CLIENTS))
    return REQUESTS / (time.perf_counter() - began)


def _list_workspaces(port: int, count: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    for _ in range(count):
        connection.request("POST", "/workspaces-list", "{}", HEADERS)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"The local cloud answered {response.status}: {body!r}")
    connection.close()
