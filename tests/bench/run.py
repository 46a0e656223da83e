# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure: ``python -m tests.bench.run [NAME ...]``.

A benchmark is a function ``bench_<what>() -> dict[str, float]`` in a file ``tests/bench/bench_<room>.py``; it gives the figures
that it measured by name, the unit in the name (``local_cloud_start_seconds``). NAME is a file or a function, with or without
``bench_``; without one all are run. The figures go into ``.bench/results.json`` as ``{"name": value}``, over older ones of the same name.
"""

from __future__ import annotations

import collections.abc as c
import importlib.util
import inspect
import json
import pathlib
import sys
import traceback

CHECKOUT = pathlib.Path(__file__).resolve().parents[2]
PREFIX = "bench_"

Results = dict[str, float]
Benchmark = c.Callable[[], Results]


def discover(folder: pathlib.Path, names: c.Collection[str] = ()) -> dict[str, Benchmark]:
    """The benchmarks of a folder by ``file.function``, in that order. Raises LookupError for a name that fits none."""
    wanted = {name.removeprefix(PREFIX).removesuffix(".py") for name in names}
    found: dict[str, Benchmark] = {}
    unknown = set(wanted)
    for path in sorted(folder.glob(f"{PREFIX}*.py")):
        room = path.stem.removeprefix(PREFIX)
        for function in _functions(path):
            called = {room, function.__name__.removeprefix(PREFIX)}
            unknown -= called
            if not wanted or called & wanted:
                found[f"{room}.{function.__name__.removeprefix(PREFIX)}"] = function
    if unknown:
        raise LookupError(f"No benchmark is called {', '.join(sorted(unknown))}.")
    return found


def _functions(path: pathlib.Path) -> list[Benchmark]:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    own = [value for name, value in vars(module).items() if name.startswith(PREFIX) and inspect.isfunction(value)]
    return [function for function in own if function.__module__ == path.stem]


def measure(benchmarks: dict[str, Benchmark]) -> tuple[Results, list[str]]:
    """Run them one after another: the figures, and the names of those that failed. A failure does not stop the others."""
    results: Results = {}
    failed = []
    for name, function in benchmarks.items():
        print(f"{name} ...", flush=True)
        try:
            results |= function()
        except Exception:
            traceback.print_exc()
            failed.append(name)
    return results, failed


def merge(path: pathlib.Path, results: Results) -> Results:
    """Write the results over those of the same names that the file has; give all of them, sorted by name."""
    known = json.loads(path.read_text()) if path.exists() else {}
    merged = dict(sorted({**known, **results}.items()))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(merged, indent=2) + "\n")
    return merged


def table(results: Results) -> str:
    width = max(map(len, results), default=0)
    return "\n".join(f"{name:<{width}}  {value:>14,.3f}" for name, value in sorted(results.items()))


def main(names: list[str]) -> int:
    # Benchmarks find the programs and the modules where the tests find them.
    sys.path[:0] = [str(CHECKOUT / folder) for folder in ("", ".build", "roles/local_cloud/files", "roles/edge_gateway/files")]
    try:
        benchmarks = discover(pathlib.Path(__file__).parent, names)
    except LookupError as error:
        print(error, file=sys.stderr)
        return 2
    results, failed = measure(benchmarks)
    merge(CHECKOUT / ".bench" / "results.json", results)
    print(table(results))
    if failed or not benchmarks:
        print(f"Failed: {', '.join(failed)}" if failed else "There is no benchmark.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
