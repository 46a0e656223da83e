# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run all of ansible-test's sanity tests on what is released, and see to it that they looked at something.

ansible-test wants a real folder ``ansible_collections/energytwin/aws`` with its dependencies beside it. It skips what git
ignores, and says "All targets skipped" with exit code 0 where that is everything: hence a copy that is a repository of its own.
The copy is the unpacked tarball: what Automation Hub would test. The tests stay with ruff and mypy.

``python -m tests.tools.sanity`` runs everything with the ansible-core that is developed with. With versions as arguments (``2.17 2.21``) it
runs the tests that hang on the version with each of them, in virtual environments of their own.
"""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

from tests.tools import package
from tests.tools.checkout import CHECKOUT

# Kinds of files that the collection does not have. Every other test has to find some.
INAPPLICABLE = frozenset({"empty-init", "pslint", "shellcheck"})
# CloudFormation's own tags (!Ref) are no YAML to libyaml; yamllint and cfn-lint look at the templates in "make lint".
TEMPLATES = "roles/stack/files/energy_twin.yml"
# The versions of ansible-core whose modules and plugins are tested besides, with the Pythons that each runs on; the first that is here is taken.
PYTHONS = {
    "2.17": ("3.11", "3.12", "3.10"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
# What a version of ansible-core may see otherwise than the one before; style is the same everywhere.
VERSIONED = ("compile", "import", "runtime-metadata", "validate-modules")

# ansible-test fetches get-pip-<version>.py from a server of its own and keeps it in its cache. A file of that name which runs
# pip out of the wheel of the package index does the same, and needs no server but the index.
_GET_PIP = """import pathlib, re, sys
here = pathlib.Path(__file__).resolve()
version = re.fullmatch(r"get_pip_(.+)", here.stem).group(1).replace("_", ".")
sys.path.insert(0, str(here.with_name(f"pip-{version}-py3-none-any.whl")))
from pip._internal.cli.main import main
arguments = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", "--quiet", "--find-links", str(here.parent)] + arguments))
"""


def idle(log: str) -> list[str]:
    """The tests of a ``sanity -v`` log that found nothing to look at, in the order of the log."""
    running, found = "", []
    for line in log.splitlines():
        if started := re.match(r'Running sanity test "([a-z0-9-]+)"', line):
            running = started[1]
        elif line.startswith("No tests applicable") or "All targets skipped" in line or "Skipping sanity test" in line:
            found.append(running or "all")
    return found


def complaints(log: str, tests: list[str]) -> list[str]:
    """What is wrong with a run that ended with 0: sentences, none where all is well."""
    ran = set(re.findall(r'^Running sanity test "([a-z0-9-]+)"', log, re.MULTILINE))
    return [f"Sanity test '{test}' did not run." for test in tests if test not in ran] + [
        f"Sanity test '{test}' found nothing to look at: green, but empty." for test in idle(log) if test not in INAPPLICABLE
    ]


def copy_collection(root: pathlib.Path) -> pathlib.Path:
    """Unpack a newly built tarball where ansible-test wants it, and lay the dependency beside it."""
    collection = root / "ansible_collections" / "energytwin" / "aws"
    shutil.rmtree(collection, ignore_errors=True)
    (collection / "tests").mkdir(parents=True)
    with tarfile.open(package.build(root)) as archive:
        archive.extractall(collection, filter="data")
    shutil.copy2(CHECKOUT / "tests" / "config.yml", collection / "tests")
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", "."], cwd=collection, check=True)
    dependency = root / "ansible_collections" / "amazon" / "aws"
    dependency.parent.mkdir(parents=True, exist_ok=True)
    dependency.unlink(missing_ok=True)
    dependency.symlink_to((CHECKOUT / ".build" / "ansible_collections" / "amazon" / "aws").resolve())
    return collection


def provide_pip(python: str) -> None:
    """Lay the stand-in for get-pip into ansible-test's cache, once for each version that this interpreter's ansible-test asks for."""
    where = subprocess.run([python, "-c", "import ansible_test; print(ansible_test.__file__)"], check=True, capture_output=True, text=True)
    requirements = pathlib.Path(where.stdout.strip()).parent / "_internal" / "python_requirements.py"
    cache = pathlib.Path.home() / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in sorted(set(re.findall(r"pip='([0-9.]+)'", requirements.read_text()))):
        shim = cache / f"get_pip_{version.replace('.', '_')}.py"
        if not shim.exists():
            command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "-d", str(cache), f"pip=={version}"]
            subprocess.run(command, check=True)
            shim.write_text(_GET_PIP)


def find_python(version: str) -> tuple[str, str]:
    """An interpreter (version, path) that this version of ansible-core runs on."""
    if version not in PYTHONS:
        raise SystemExit(f"ansible-core {version} is not known here; take one of {', '.join(PYTHONS)}, or name its Pythons in {__name__}.")
    for python in PYTHONS[version]:
        path = shutil.which(f"python{python}")
        works = path and subprocess.run([path, "-c", "import ensurepip"], capture_output=True, check=False).returncode == 0
        if path and works:
            return python, path
    raise SystemExit(
        f"ansible-core {version} runs on Python {' or '.join(PYTHONS[version])}, and none of them is on the PATH with its venv package."
    )


def environment_of(version: str) -> tuple[str, pathlib.Path]:
    """The Python (3.11) and the programs of a virtual environment with a version of ansible-core, made if it is not there."""
    python, path = find_python(version)
    folder = CHECKOUT / ".cache" / "core" / f"{version}-{python}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([path, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(folder / "bin" / "python"), "-m", "pip", "install", "-qq", f"ansible-core=={version}.*"], check=True)
        (folder / "ready").touch()
    return python, folder / "bin"


def run(collection: pathlib.Path, python: str, programs: pathlib.Path, choices: list[list[str]]) -> tuple[str, list[str], bool]:
    """Run ansible-test's sanity tests, once for each choice: the log, the tests that there are, and whether all was well."""
    provide_pip(str(programs / "python"))
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    command = [str(programs / "ansible-test"), "sanity", "--python", python]
    listed = subprocess.run([*command, "--list-tests"], cwd=collection, check=True, capture_output=True, text=True, env=environment)
    runs = [
        subprocess.run(
            [*command, "-v", *choice],
            cwd=collection,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            env=environment,
        )
        for choice in choices
    ]
    return "".join(run.stdout for run in runs), listed.stdout.split(), not any(run.returncode for run in runs)


def main() -> int:
    if list((CHECKOUT / "tests" / "sanity").glob("ignore-*.txt")):
        print("tests/sanity/ignore-*.txt: mend what it ignores; no sanity test is ignored here.", file=sys.stderr)
        return 1
    versions = sys.argv[1:]
    collection = copy_collection(CHECKOUT / ".cache" / ("sanity-versions" if versions else "sanity"))
    logs, found, well = [], [], True
    for version in versions:
        python, programs = environment_of(version)
        log, _tests, good = run(collection, python, programs, [[part for test in VERSIONED for part in ("--test", test)]])
        logs.append(f"ansible-core {version}, Python {python}\n{log}")
        found += [f"ansible-core {version}: {complaint}" for complaint in complaints(log, list(VERSIONED))]
        well = well and good
    if not versions:
        choices = [["--skip-test", "yamllint"], ["--test", "yamllint", "--exclude", TEMPLATES]]
        log, tests, well = run(
            collection, f"{sys.version_info.major}.{sys.version_info.minor}", pathlib.Path(sys.executable).parent, choices
        )
        logs.append(log)
        found = complaints(log, tests)
    (collection.parents[2] / "log").write_text("".join(logs))
    shown = re.compile(r"^(ansible-core|Running sanity test|ERROR|FATAL|WARNING: (?!Using locale)|See documentation)")
    print("\n".join(line for line in "".join(logs).splitlines() if shown.match(line)))
    print("\n".join(found), file=sys.stderr)
    return int(bool(found) or not well)


if __name__ == "__main__":
    sys.exit(main())
