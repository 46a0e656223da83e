# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line. Exit codes: 0 good, 1 not, 2 called the wrong way, 78 a configuration that cannot be run."""

from __future__ import annotations

import argparse
import datetime
import json
import logging
import pathlib
import sys
from collections.abc import Sequence
from typing import Final

from . import __version__, certificate, clock, config, log, status
from .config import Config, ConfigFaults

CONFIG: Final = "/etc/meter-gateway/config.json"
STATUS: Final = "/run/meter-gateway/status.json"
GOOD: Final = 0
BAD: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    parsed = _parser().parse_args(arguments)
    code: int = parsed.command(parsed)
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="meter_gateway", description="Reads electricity meters and publishes their readings to AWS IoT Core."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    run = commands.add_parser("run", help="read and publish, until a signal ends it")
    run.add_argument("--debug", action="store_true", help="log more")
    run.set_defaults(command=_run)

    check = commands.add_parser("check-config", help="say everything that is wrong with a configuration")
    check.set_defaults(command=_check)

    show = commands.add_parser("status", help="how the running gateway is doing; exit code 1 if it is not healthy")
    show.add_argument("--json", action="store_true", help="the status file as it is")
    show.add_argument("--status-file", type=pathlib.Path, help="read this one instead of the configuration's")
    show.set_defaults(command=_status)

    probe = commands.add_parser("probe", help="read one meter once: its values, and the words that they came from")
    probe.add_argument("meter", help="as the status names it: PANEL/METER")
    probe.set_defaults(command=_probe)

    scan = commands.add_parser("scan", help="find the unit ids that answer on a bus; stop the gateway first")
    scan.add_argument("bus", help="the bus's id in the configuration")
    scan.add_argument("--units", type=_units, default="1-247", metavar="FROM-TO", help="default: %(default)s")
    scan.set_defaults(command=_scan)

    version = commands.add_parser("version", help="print the version")
    version.set_defaults(command=_version)

    for command in (run, check, show, probe, scan):
        command.add_argument("--config", type=pathlib.Path, default=pathlib.Path(CONFIG), metavar="FILE", help="default: %(default)s")
    return parser


def _units(text: str) -> range:
    first, _dash, last = text.partition("-")
    try:
        units = range(int(first), int(last or first) + 1)
    except ValueError:
        units = range(0)
    if not units or units[0] < 1 or units[-1] > 247:
        raise argparse.ArgumentTypeError(f"'{text}' is no range of unit ids like 1-32 (they go from 1 to 247)")
    return units


def _version(_parsed: argparse.Namespace) -> int:
    print(__version__)
    return GOOD


def _run(parsed: argparse.Namespace) -> int:
    from . import service  # the other commands start faster without it

    log.start(logging.DEBUG if parsed.debug else logging.INFO)
    return service.run(parsed.config)


def _load(path: pathlib.Path) -> Config | None:
    """The configuration, or None after its faults have been said."""
    try:
        return config.load(path)
    except ConfigFaults as faults:
        for sentence in faults.sentences:
            print(sentence, file=sys.stderr)
        return None


def _check(parsed: argparse.Namespace) -> int:
    settings = _load(parsed.config)
    if settings is None:
        return BAD
    # What is wrong with the certificate may be mended while the gateway runs: it is said, and no reason to refuse.
    now = None if clock.Clock(settings.clock).doubt() else datetime.datetime.now(datetime.timezone.utc)
    for sentence in certificate.findings(settings.mqtt.cert_file, settings.mqtt.client_id, now):
        print(f"Warning: {sentence}", file=sys.stderr)
    meters = sum(len(bus.meters) for bus in settings.buses)
    print(f"The configuration {parsed.config} is good: gateway {settings.gateway}, {meters} meters on {len(settings.buses)} buses.")
    return GOOD


def _status(parsed: argparse.Namespace) -> int:
    path = parsed.status_file or _status_file(parsed.config)
    try:
        found = status.read(path)
    except ValueError as error:
        print(error, file=sys.stderr)
        return BAD
    troubles = status.troubles(found, clock.boot_id(), clock.since_boot_ms())
    print(json.dumps(found, indent=1) if parsed.json else status.describe(found, troubles))
    return BAD if troubles else GOOD


def _status_file(path: pathlib.Path) -> pathlib.Path:
    """The configuration's, where it can be read: other users than the gateway's may see the status, but not the configuration."""
    try:
        return pathlib.Path(json.loads(path.read_text(encoding="utf-8"))["status_file"])
    except (OSError, ValueError, KeyError, TypeError):
        return pathlib.Path(STATUS)


def _probe(parsed: argparse.Namespace) -> int:
    from . import survey
    from .bus import MeterFault

    settings = _load(parsed.config)
    if settings is None:
        return BAD
    places = {meter.key: (bus, meter) for bus in settings.buses for meter in bus.meters}
    if parsed.meter not in places:
        print(f"There is no meter '{parsed.meter}' in {parsed.config}; there are: {', '.join(places) or 'none'}.", file=sys.stderr)
        return BAD
    bus, meter = places[parsed.meter]
    try:
        print(survey.describe_probe(survey.probe(bus, meter, settings.models)))
    except MeterFault as fault:
        print(fault.sentence, file=sys.stderr)
        return BAD
    return GOOD


def _scan(parsed: argparse.Namespace) -> int:
    from . import survey
    from .modbus import NoConnection

    settings = _load(parsed.config)
    if settings is None:
        return BAD
    buses = {bus.id: bus for bus in settings.buses}
    if parsed.bus not in buses:
        print(f"There is no bus '{parsed.bus}' in {parsed.config}; there are: {', '.join(buses) or 'none'}.", file=sys.stderr)
        return BAD
    count = 0
    try:
        for found in survey.scan(buses[parsed.bus], settings.models, parsed.units):
            print(survey.describe_found(found), flush=True)
            count += 1
    except NoConnection as error:
        print(f"Bus {parsed.bus} ({buses[parsed.bus].peer}) cannot be reached: {error}.", file=sys.stderr)
        return BAD
    print(f"{count} of {len(parsed.units)} unit ids answer on bus {parsed.bus}.")
    return GOOD
