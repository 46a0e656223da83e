# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Running plays against a cloud that listens."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

from local_cloud.cloud import Cloud

ROOT = pathlib.Path(__file__).parents[3]


def run_play(playbook: pathlib.Path, cloud: Cloud, folder: pathlib.Path, variables: dict[str, t.Any], *options: str) -> tuple[int, str]:
    """(exit code, output), with what Ansible logs into the file ``log`` of the folder. options: of ansible-playbook."""
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "AWS_"))},
        "AWS_ENDPOINT_URL": cloud.settings.endpoint,
        "AWS_REGION": cloud.settings.region,
        "AWS_ACCESS_KEY_ID": "AKIALOCALCLOUD000000",
        "AWS_SECRET_ACCESS_KEY": "local-cloud",
        "AWS_EC2_METADATA_DISABLED": "true",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "remote"),
        "ANSIBLE_LOG_PATH": str(folder / "log"),
    }
    given = json.dumps({"ansible_python_interpreter": sys.executable, **variables})
    program = str(pathlib.Path(sys.executable).with_name("ansible-playbook"))
    command = [program, *options, "-i", "localhost,", str(playbook), "--extra-vars", given]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
    return done.returncode, done.stdout + done.stderr
