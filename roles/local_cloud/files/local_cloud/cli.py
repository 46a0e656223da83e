# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line. It imports the server's libraries only where it becomes the server, so that the other commands are quick."""

from __future__ import annotations

import argparse
import collections.abc as c
import contextlib
import dataclasses
import datetime
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
import time
import typing as t

from local_cloud import runfiles
from local_cloud.control_client import Unreachable, ask
from local_cloud.front import log
from local_cloud.settings import Settings

FAILED, NOT_RUNNING = 2, 3
_PATIENCE = 60.0  # seconds for a start or a stop
_POLL = 0.02
_FOLLOW = 0.2


class Failure(Exception):
    """Why a command did not do its work, in one sentence."""

    def __init__(self, sentence: str, code: int = FAILED) -> None:
        super().__init__(sentence)
        self.code = code


def main(arguments: c.Sequence[str] | None = None) -> int:
    """Exit code: 0 done, 2 failed, 3 not running."""
    options = _parser().parse_args(arguments)
    options.home = options.home.expanduser().resolve()
    try:
        return int(options.command(options) or 0)
    except Failure as failure:
        print(f"local-cloud: {failure}", file=sys.stderr)
        return failure.code
    except Unreachable as failure:
        print(f"local-cloud: {failure}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    defaults = Settings(home=pathlib.Path(".local-cloud"))
    parser = argparse.ArgumentParser(prog="local-cloud", description="A stand-in for the AWS services that an energy twin needs.")
    parser.add_argument("--home", type=pathlib.Path, default=defaults.home, help="folder of the cloud's data (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=defaults.port, help="port of the AWS APIs on 127.0.0.1 (default: %(default)s)")
    parser.add_argument("--mqtt-port", type=_port, default=defaults.mqtt_port, help="port of MQTT over TLS (default: %(default)s)")
    parser.add_argument("--region", default=defaults.region, help="the one region that there is (default: %(default)s)")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    start = commands.add_parser("start", help="start it in the background and return when it answers")
    start.add_argument("--foreground", action="store_true", help="stay in the foreground until SIGTERM or Ctrl-C")
    start.add_argument("--renew", action="store_true", help="restart it if it runs other program files or on other ports")
    start.add_argument("--set", action="append", default=[], type=_assignment, metavar="KNOB=NUMBER", dest="knobs", help="see `set`")
    _for_programs(start)
    start.set_defaults(command=_start)

    stop = commands.add_parser("stop", help="stop it; its data stays")
    _for_programs(stop)
    stop.set_defaults(command=_stop)

    status = commands.add_parser("status", help="say how it is (exit code 3: it does not run)")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.set_defaults(command=_status)

    logged = commands.add_parser("log", help="show the last calls")
    logged.add_argument("--follow", "-f", action="store_true", help="go on showing calls as they come")
    logged.add_argument("--service", help="only of this service, e.g. iottwinmaker")
    logged.add_argument("--lines", "-n", type=int, default=50, help="how many (default: %(default)s)")
    logged.set_defaults(command=_log)

    messages = commands.add_parser("messages", help="show what SNS has been given to send; nothing leaves this machine")
    messages.add_argument("--json", action="store_true", help="as JSON")
    messages.set_defaults(command=_messages)

    reset = commands.add_parser("reset", help="remove all that it holds")
    reset.set_defaults(command=_reset)

    knobs = commands.add_parser(
        "set",
        help="be slow, throttle, fail, refuse: latency=SECONDS rate=CALLS_A_SECOND faults=SHARE settle=SECONDS throttled=SHARE broken=SHARE"
        " new_account=1",
    )
    knobs.add_argument("knobs", nargs="+", type=_assignment, metavar="KNOB=NUMBER")
    knobs.set_defaults(command=_set)

    env = commands.add_parser("env", help='print what a shell needs so that AWS clients use it: eval "$(local-cloud env)"')
    env.set_defaults(command=_env)
    return parser


def _for_programs(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="change nothing, say what would be done")
    command.add_argument("--json", action="store_true", help="say it as JSON: {changed: true or false, message: text}")


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port number from 1 to 65535")
    return int(text)


def _assignment(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KNOB=NUMBER")
    return name, value


# ---- start and stop


def _start(options: argparse.Namespace) -> int:
    if options.foreground:
        return _serve(options)
    server = runfiles.running(options.home)
    outdated = server is not None and options.renew and _outdated(server, options)
    if server is None or outdated:
        if options.dry_run:
            return _say(options, True, f"The local cloud would be {'restarted' if outdated else 'started'}.")
        if outdated:
            _end(options.home)
        server = _launch(options)
        if options.knobs:
            ask(options.home, "set", dict(options.knobs))
        return _say(
            options, True, f"The local cloud listens at {server.endpoint} (MQTT over TLS: 127.0.0.1:{server.mqtt_port}, pid {server.pid})."
        )
    if options.knobs and ask(options.home, "set", {**dict(options.knobs), "dry_run": options.dry_run})["changed"]:
        return _say(options, True, f"The knobs of the local cloud {'would be' if options.dry_run else 'are'} set.")
    return _say(options, False, f"The local cloud is already running at {server.endpoint} (pid {server.pid}).")


def _say(options: argparse.Namespace, changed: bool, message: str) -> int:
    print(json.dumps({"changed": changed, "message": message}) if options.json else message)
    return 0


def _outdated(server: runfiles.Running, options: argparse.Namespace) -> bool:
    wanted = (options.port, options.mqtt_port, options.region, runfiles.program_digest())
    return (server.port, server.mqtt_port, server.region, server.program) != wanted


def _launch(options: argparse.Namespace) -> runfiles.Running:
    """Starts the server as a process of its own and waits until it answers."""
    _refuse_foreign_home(options.home)
    command = [sys.executable, "-m", "local_cloud", "--home", str(options.home), "--port", str(options.port)]
    command += ["--mqtt-port", str(options.mqtt_port), "--region", options.region, "start", "--foreground"]
    package_root = str(pathlib.Path(__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH")]))}
    output = runfiles.folder(options.home) / "server.log"
    with open(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True, env=environment, cwd=options.home
        )
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        server = runfiles.running(options.home)
        if server is not None and _answers(options.home):
            return server
        if process.poll() is not None and not runfiles.is_running(options.home):  # another start at the same time may have won
            raise Failure(_last_words(output))
        time.sleep(_POLL)
    process.kill()
    raise Failure(f"The local cloud did not answer within {_PATIENCE:.0f} seconds; see {output}.")


def _answers(home: pathlib.Path) -> bool:
    try:
        ask(home, "status")
    except Unreachable:
        return False
    return True


def _last_words(output: pathlib.Path) -> str:
    lines = output.read_text(errors="replace").strip().splitlines()
    return lines[-1].removeprefix("local-cloud: ") if lines else f"The local cloud ended at once and said nothing in {output}."


def _serve(options: argparse.Namespace) -> int:
    _refuse_foreign_home(options.home)
    lock = runfiles.Lock(options.home)
    if not lock.take():
        raise Failure(f"The local cloud of {options.home} is already running.")
    os.umask(0o077)
    for port, option in ((options.port, "--port"), (options.mqtt_port, "--mqtt-port")):
        _refuse_port_in_use(port, option)
    from local_cloud.front.moto_state import WrongVersion
    from local_cloud.front.server import Server

    try:
        server = Server(Settings(options.home, options.port, options.mqtt_port, options.region))
    except WrongVersion as wrong:
        raise Failure(str(wrong)) from None
    # waitress' loop must be left from outside of the signal handler: closing it takes locks that the loop may hold.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.stop).start())
    server.run()
    lock.close()
    return 0


def _refuse_foreign_home(home: pathlib.Path) -> None:
    """`reset` empties the home, so it must be the cloud's own."""
    if home.exists() and not (home / runfiles.FOLDER).exists() and any(home.iterdir()):
        raise Failure(f"The folder {home} is not empty and not a local cloud's home; choose another one with --home.")


def _refuse_port_in_use(port: int, option: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as refused:
            raise Failure(f"Port {port} of 127.0.0.1 cannot be used ({refused.strerror}); choose another one with {option}.") from None


def _stop(options: argparse.Namespace) -> int:
    if not runfiles.is_running(options.home):
        return _say(options, False, "The local cloud is not running.")
    if options.dry_run:
        return _say(options, True, "The local cloud would be stopped.")
    _end(options.home)
    return _say(options, True, "The local cloud has stopped.")


def _end(home: pathlib.Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    asked = False
    while runfiles.is_running(home):
        server = runfiles.running(home)
        if server is not None and not asked:
            with contextlib.suppress(ProcessLookupError):
                os.kill(server.pid, signal.SIGTERM)
            asked = True
        if time.monotonic() > deadline:
            raise Failure(f"The local cloud (pid {server.pid if server else '?'}) did not stop within {_PATIENCE:.0f} seconds.")
        time.sleep(_POLL)


# ---- the others


def _running(options: argparse.Namespace) -> runfiles.Running:
    server = runfiles.running(options.home)
    if server is None:
        raise Failure("The local cloud is not running; start it with `start`.", NOT_RUNNING)
    return server


def _status(options: argparse.Namespace) -> int:
    server = runfiles.running(options.home)
    if server is None:
        print(json.dumps({"running": False}) if options.json else "The local cloud is not running.")
        return NOT_RUNNING
    status = {"running": True, "program": server.program, **ask(options.home, "status")}
    if options.json:
        print(json.dumps(status))
        return 0
    print(f"running   {status['endpoint']} (pid {status['pid']}), MQTT over TLS 127.0.0.1:{status['mqtt_port']}")
    print(f"account   {status['account']}, region {status['region']}")
    print(f"up        {datetime.timedelta(seconds=int(status['uptime_seconds']))}, {status['requests']} requests")
    print(f"knobs     {'  '.join(f'{name}={value:g}' for name, value in status['knobs'].items())}")
    print("resources")
    for kind, count in sorted(status["resources"].items()):
        if count:
            print(f"  {count:>8}  {kind}")
    return 0


def _log(options: argparse.Namespace) -> int:
    shown = _show(log.read(options.home, last=options.lines, service=options.service))
    while options.follow:
        time.sleep(_FOLLOW)
        shown = max(shown, _show(log.read(options.home, after=shown, service=options.service)))
    return 0


def _show(entries: c.Iterable[tuple[int, log.Entry]]) -> int:
    """Prints the entries and gives the id of the last one, 0 if there is none."""
    last = 0
    for number, entry in entries:
        last = number
        print(_line(entry), flush=True)
    return last


def _line(entry: log.Entry) -> str:
    moment = datetime.datetime.fromtimestamp(entry.time).isoformat(sep=" ", timespec="milliseconds")
    status = entry.status or "cut"
    return f"{moment}  {status:>3}  {entry.milliseconds:8.1f} ms  {entry.service}:{entry.operation}  {entry.principal}"


def _messages(options: argparse.Namespace) -> int:
    _running(options)
    messages = ask(options.home, "messages")["messages"]
    print(json.dumps(messages) if options.json else "\n".join(map(_message, messages)) or "No messages.")
    return 0


def _message(message: dict[str, t.Any]) -> str:
    moment = datetime.datetime.fromtimestamp(message["time"]).isoformat(sep=" ", timespec="seconds")
    to = ", ".join(message["recipients"]) or "nobody, as there is no confirmed subscription"
    return f"{moment}  {message['topic']}\nTo: {to}\nSubject: {message['subject'] or 'none'}\n\n{message['message']}\n"


def _reset(options: argparse.Namespace) -> int:
    if runfiles.running(options.home) is not None:
        ask(options.home, "reset", timeout=_PATIENCE)
    elif options.home.exists():
        _refuse_foreign_home(options.home)
        _empty(options.home)
    print("The local cloud is empty.")
    return 0


def _empty(home: pathlib.Path) -> None:
    lock = runfiles.Lock(home)
    try:
        if not lock.take():
            raise Failure("The local cloud is just starting; try again.")
        runfiles.empty(home)
    finally:
        lock.close()


def _set(options: argparse.Namespace) -> int:
    _running(options)
    answer = ask(options.home, "set", dict(options.knobs))
    print("  ".join(f"{name}={value:g}" for name, value in answer["knobs"].items()))
    return 0


def _env(options: argparse.Namespace) -> int:
    server = runfiles.running(options.home)
    settings = Settings(options.home, options.port, options.mqtt_port, options.region)
    if server is not None:
        settings = dataclasses.replace(settings, port=server.port, region=server.region)
    for name, value in environment(settings).items():
        print(f"export {name}={value}")
    return 0


def environment(settings: Settings) -> dict[str, t.Any]:
    """What an AWS client needs in its environment to call this cloud and nothing else."""
    return {
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_REGION": settings.region,
        "AWS_DEFAULT_REGION": settings.region,
        "AWS_ACCESS_KEY_ID": "local-cloud",
        "AWS_SECRET_ACCESS_KEY": "local-cloud",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
