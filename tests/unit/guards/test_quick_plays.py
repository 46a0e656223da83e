# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration tests are made quick with does not change what they run."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import zipfile

QUICK_PLAYS = pathlib.Path(__file__).parents[2] / "tools" / "quick_plays"
START = "import sys; sys.path.insert(0, sys.argv[1]); import packed; print(packed.answer()); packed.fail()"
SOURCE = "def answer():\n    return {answer}\n\n\ndef fail():\n    raise RuntimeError\n"


def run(folder: pathlib.Path, answer: int) -> tuple[str, str]:
    """(output, errors) of a program that is named as Ansible names it, and that imports from a zip of its own."""
    there = folder / f"run-{len(list(folder.glob('run-*')))}"
    there.mkdir()
    program, payload = there / "AnsiballZ_packed.py", there / "payload.zip"
    program.write_text(START)
    with zipfile.ZipFile(payload, "w") as archive:
        archive.writestr("packed.py", SOURCE.format(answer=answer))
    kept = folder / "kept"
    kept.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, str(program), str(payload)],
        env={**os.environ, "PYTHONPATH": str(QUICK_PLAYS / "python"), "QUICK_PLAYS_KEPT": str(kept)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert str(payload / "packed.py") in done.stderr, "a traceback names the file of this run"
    return done.stdout.strip(), done.stderr


def test_what_was_packed_is_compiled_once_and_runs_as_it_stands(tmp_path: pathlib.Path) -> None:
    assert run(tmp_path, answer=1)[0] == "1"
    (code,) = (tmp_path / "kept").iterdir()
    written = code.stat().st_mtime_ns, code.stat().st_ino
    assert run(tmp_path, answer=1)[0] == "1"
    assert (code.stat().st_mtime_ns, code.stat().st_ino) == written
    assert run(tmp_path, answer=2)[0] == "2"
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_a_packed_module_is_packed_once_for_all_plays(tmp_path: pathlib.Path) -> None:
    environment = {
        **os.environ,
        "QUICK_PLAYS_KEPT": str(tmp_path),
        "ANSIBLE_CALLBACK_PLUGINS": str(QUICK_PLAYS / "callback"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
    }
    playbook = tmp_path / "play.json"
    playbook.write_text('[{"hosts": "localhost", "gather_facts": false, "tasks": [{"ansible.builtin.ping": {}}]}]')
    program = str(pathlib.Path(sys.executable).parent / "ansible-playbook")
    here = ["-i", "localhost,", "-c", "local", "-e", f"ansible_python_interpreter={sys.executable}"]
    written = []
    for _run in range(2):
        subprocess.run([program, *here, str(playbook)], env=environment, capture_output=True, check=True)
        (packed,) = (tmp_path / "modules").glob("*ping*[!k]")
        written.append(packed.stat().st_mtime_ns)
    assert written[0] == written[1]
    assert not list((tmp_path / "local").iterdir()), "what belongs to a run goes with it"
