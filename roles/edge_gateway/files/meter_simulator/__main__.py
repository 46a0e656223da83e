# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line: run a configuration, or give a running simulator's meter a fault."""

from __future__ import annotations

import argparse
import asyncio
import json
import pathlib
import signal
import sys
from typing import Any

from .faults import KINDS, put
from .server import Simulator, SimulatorFault, say


def main() -> int:
    parser = argparse.ArgumentParser(prog="meter_simulator", description="Simulates Modbus meters.")
    parser.add_argument("--config", type=pathlib.Path, help="the gateway's configuration (JSON); its buses are simulated")
    parser.add_argument("--faults", type=pathlib.Path, help="JSON file of faults; it may change, appear and go at any time")
    parser.add_argument(
        "--set", metavar="BUS/UNIT=FAULT", help=f"write one fault into the file of --faults and end: none, or one of {', '.join(KINDS)}"
    )
    arguments = parser.parse_args()
    try:
        if arguments.set:
            if arguments.faults is None:
                parser.error("--set needs --faults")
            _set(arguments.faults, arguments.set)
        elif arguments.config is None:
            parser.error("--config is missing")
        else:
            asyncio.run(_run(json.loads(arguments.config.read_text(encoding="utf-8")), arguments.faults))
    except KeyError as error:
        sys.stderr.write(f"meter_simulator: {arguments.config}: a bus or a meter lacks {error}.\n")
        return 1
    except (SimulatorFault, OSError, ValueError) as error:
        sys.stderr.write(f"meter_simulator: {error}\n")
        return 1
    return 0


async def _run(config: dict[str, Any], faults: pathlib.Path | None) -> None:
    simulator = Simulator(config, faults)
    await simulator.start()
    for bus in config["buses"]:
        where = bus.get("device") if bus["transport"] == "rtu" else f"port {simulator.ports[bus['id']]}"
        say(f"Bus {bus['id']}: {len(bus['meters'])} meters on {where} ({bus['transport']})")
    stop = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    await stop.wait()
    await simulator.stop()


def _set(path: pathlib.Path, text: str) -> None:
    """text: BUS/UNIT=FAULT, where FAULT is a kind, "none", or the JSON of a fault with its details."""
    meter, _equals, fault = text.partition("=")
    bus, _slash, unit = meter.rpartition("/")
    if not bus or not unit.isdigit() or not fault:
        raise ValueError(f"{text!r} is no fault for a meter: give BUS/UNIT=FAULT, as in roof/3=timeout.")
    details = json.loads(fault) if fault.startswith("{") else {"kind": fault}
    if fault != "none" and details.get("kind") not in KINDS:
        raise ValueError(f"{fault!r} is no fault: give none or one of {', '.join(KINDS)}.")
    put(path, bus, int(unit), None if fault == "none" else details)


if __name__ == "__main__":
    sys.exit(main())
