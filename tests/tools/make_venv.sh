#!/usr/bin/env bash
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# make_venv.sh REQUIREMENTS: fill .venv of this checkout with the versions of constraints.txt.
# PYTHON names the interpreter to use; without it the first suitable one on the PATH is taken.
set -euo pipefail
cd "$(dirname "$0")/../.."

fail() {
    printf '%s\n' "$@" >&2
    exit 1
}

# ansible-core 2.19 runs on these and on no other.
suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    local name
    for name in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if suits "$name"; then
            command -v "$name"
            return
        fi
    done
    fail "Python 3.11, 3.12 or 3.13 is needed, and '${PYTHON:-python3}' is none of them: install one (Debian, Ubuntu:" \
        "apt-get install python3 python3-venv) or name one (make PYTHON=python3.12 ...)."
}

# A venv holds the path that it was made at: one of a checkout that was moved, or whose Python has gone, is of no use.
usable() {
    [[ "$(cat .venv/pyvenv.cfg 2>/dev/null)" == *" -m venv $PWD/.venv" ]] && .venv/bin/python -m pip --version >/dev/null 2>&1
}

if ! usable; then
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make virtual environments: install its venv package (Debian, Ubuntu: apt-get install python3-venv), then run make again."
    rm -rf .venv
    "$python" -m venv "$PWD/.venv"
fi

echo "Installing $1 into .venv (a minute or two, once) ..."
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-compile --constraint constraints.txt --requirement "$1"
# ansible brings some ninety collections: only what is used here is worth the minute of compiling. A few packages
# carry templates and tests named .py that are no Python, hence no word about failures.
env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -m compileall -qq -j 0 -x '/ansible_collections/(?!amazon/)' .venv/lib || true
