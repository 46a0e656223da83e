#!/usr/bin/env bash
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# molecule.sh [SCENARIO...]: run these scenarios, or all.
# Those that play on gateways need hosts that boot systemd (tests/hosts); where such cannot run they are skipped, and said to be.
set -euo pipefail
cd "$(dirname "$0")/../.."

log=$(mktemp)
# Mitogen spares half of the plays' processor time. Of strategies that are not its own, Ansible says at each start that it cannot promise anything.
export ANSIBLE_STRATEGY_PLUGINS=$PWD/tests/tools/strategies ANSIBLE_STRATEGY=mitogen_unpinned ANSIBLE_DEPRECATION_WARNINGS=false
trap 'molecule destroy >/dev/null 2>&1 || true; rm -f "$log"' EXIT

# A run that was killed has left a cloud behind, and molecule believes that it is still there.
molecule destroy >"$log" 2>&1 || {
    cat "$log" >&2
    exit 1
}

wanted=("$@")
if [ $# -eq 0 ]; then
    for playbook in extensions/molecule/*/verify.yml; do wanted+=("$(basename "$(dirname "$playbook")")"); done
fi

scenarios=()
on_hosts=()
for scenario in "${wanted[@]}"; do
    if grep -qsE '^ +hosts: (gateways|gw-)' "extensions/molecule/$scenario/verify.yml"; then on_hosts+=("$scenario"); else scenarios+=("$scenario"); fi
done
skipped=0
if [ "${#on_hosts[@]}" -gt 0 ]; then
    if reason=$(tests/hosts/hosts.sh why-not); then
        export MOLECULE_HOSTS=yes
        scenarios+=("${on_hosts[@]}")
    else
        skipped=${#on_hosts[@]}
    fi
fi

if [ "${#scenarios[@]}" -gt 0 ]; then
    chosen=()
    for scenario in "${scenarios[@]}"; do chosen+=(--scenario-name "$scenario"); done
    molecule test --no-command-borders "${chosen[@]}" 2>&1 | tee "$log"

    # Green, but empty: molecule says so in passing and ends with 0.
    if grep -E 'no hosts matched|Missing playbook|Could not match supplied host pattern|Unable to parse .* as an inventory' "$log"; then
        echo "molecule ended well, but did not test what is meant: see the lines above." >&2
        exit 1
    fi
fi

[ "$skipped" -eq 0 ] || echo "molecule: skipped ${on_hosts[*]}: $reason" >&2
# As pytest ends: the closing line of .ci/run counts it.
echo "${#scenarios[@]} passed, $skipped skipped in ${SECONDS}s"
