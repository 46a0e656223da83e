#!/usr/bin/env bash
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# molecule.sh [ROLE]: run the scenario of a role, or those of all roles.
set -euo pipefail
cd "$(dirname "$0")/../.."

log=$(mktemp)
trap 'molecule destroy >/dev/null 2>&1 || true; rm -f "$log"' EXIT

# A run that was killed has left a cloud behind, and molecule believes that it is still there.
molecule destroy >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}
if [ $# -gt 0 ]; then scenarios=(--scenario-name "$1"); else scenarios=(--all); fi
molecule test --no-command-borders "${scenarios[@]}" 2>&1 | tee "$log"

# Green, but empty: molecule says so in passing and ends with 0.
if grep -E 'no hosts matched|Missing playbook|Could not match supplied host pattern|Unable to parse .* as an inventory' "$log"; then
    echo "molecule ended well, but did not test what is meant: see the lines above." >&2
    exit 1
fi
