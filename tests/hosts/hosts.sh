#!/usr/bin/env bash
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Test hosts: containers that boot systemd and are reached over SSH, like the boards that they stand for.
#
#   hosts.sh why-not              print why they cannot run on this machine; nothing and exit code 0 where they can
#   hosts.sh create HOST...       start them anew, and print {"HOST": "ADDRESS", ...}
#   hosts.sh connect HOST PORT=TARGET...
#                                 lead 127.0.0.1:PORT of the host to 127.0.0.1:TARGET of this machine
#   hosts.sh disconnect HOST      cut that line
#   hosts.sh power-off HOST       SIGKILL to all that runs there; what is not on its disk is gone
#   hosts.sh power-on HOST        boot it again, and lead its ports as before
#   hosts.sh destroy              remove all hosts of this checkout, whoever has left them behind
#
# What it takes to log in, as ops with sudo, stands in HOSTS_FOLDER: id_ed25519 and known_hosts.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
export CONTAINERS_CONF="$here/containers.conf"
folder=${HOSTS_FOLDER:-$here/../../.cache/hosts}

# One checkout's hosts are told from another's by their names.
prefix=energytwin-$(realpath "$here" | sha256sum | cut -c1-8)
network=$prefix

# What systemd takes for units' sandboxes, and has on every board: namespaces, their loopback, and a way past ProtectProc=.
capabilities=SYS_ADMIN,NET_ADMIN,SYS_NICE,SYS_PTRACE

# Who outlives this script, the monitor of a host or a line to it, is not to hold what its caller holds, such as a lock.
for open in /proc/self/fd/*; do
    number=${open##*/}
    [ "$number" -le 2 ] || [ "$number" -eq 255 ] || exec {number}>&-
done

fail() {
    echo "$*" >&2
    exit 1
}

why_not() {
    local name missing=()
    for name in podman runc mmdebstrap ssh ssh-keygen; do
        command -v "$name" >/dev/null || missing+=("$name")
    done
    [ "${#missing[@]}" -eq 0 ] || { echo "this machine has no ${missing[*]}"; return 1; }
    [ "$(id -u)" -eq 0 ] || { echo "they need root"; return 1; }
    local log image
    log=$(mktemp)
    if ! image=$("$here/image.sh" 2>"$log") || ! podman run --rm --cap-add "$capabilities" "$image" true >>"$log" 2>&1; then
        echo "podman starts no container here ($(grep -v '^built' "$log" | tail -n 1))"
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

address_of() { podman inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$prefix-$1"; }

# Wait until the host is up, let the key in, and print its line of known_hosts.
let_in() {
    local name=$prefix-$1 state='' deadline=$((SECONDS + 60))
    until [ "$state" = running ]; do
        [ $SECONDS -lt $deadline ] || fail "$1: systemd is '$state' after a minute"
        state=$(podman exec "$name" systemctl is-system-running --wait 2>/dev/null || true)
        [ "$state" != degraded ] || fail "$1: $(podman exec "$name" systemctl --failed --no-legend --no-pager)"
        [ "$state" = running ] || sleep 0.2
    done
    # systemd starts a unit all the same where it cannot make its sandbox: a test of a hardened unit would test nothing.
    if podman exec "$name" systemd-run --quiet --wait --collect -p ProtectSystem=strict touch /usr/.probe 2>/dev/null; then
        fail "$1: ProtectSystem= has no effect, the host lacks SYS_ADMIN"
    fi
    # LoadCredential= needs a shared root, which systemd leaves to who starts the container.
    podman exec -i "$name" sh -c 'mount --make-rshared / && umask 077 && cat >/home/ops/.ssh/authorized_keys &&
        chown ops: /home/ops/.ssh/authorized_keys' <"$folder/id_ed25519.pub"
    echo "$(address_of "$1") $(podman exec "$name" cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)"
}

create() {
    destroy
    (umask 077 && mkdir -p "$folder")
    ssh-keygen -q -t ed25519 -N '' -C "$prefix" -f "$folder/id_ed25519"
    local image subnet host jobs=() index=10 job failed=0
    image=$("$here/image.sh")
    podman network create "$network" >/dev/null
    subnet=$(podman network inspect --format '{{(index .Subnets 0).Subnet}}' "$network")
    for host in "$@"; do
        index=$((index + 1))
        # An address of its own, kept when the power is off.
        podman run --detach --name "$prefix-$host" --hostname "$host" --systemd always --cap-add "$capabilities" \
            --network "$network" --ip "${subnet%.*}.$index" "$image" /sbin/init >/dev/null
    done
    for host in "$@"; do
        let_in "$host" >"$folder/$host.known" &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job" || failed=1; done
    [ $failed -eq 0 ] || exit 1
    cat "$folder"/*.known >"$folder/known_hosts"
    rm "$folder"/*.known
    local separator='{'
    for host in "$@"; do
        printf '%s"%s": "%s"' "$separator" "$host" "$(address_of "$host")"
        separator=', '
    done
    echo '}'
}

# The line is an SSH connection, so nothing listens on this machine but on loopback.
line() {
    ssh -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$folder/known_hosts" \
        -o ServerAliveInterval=2 -o ServerAliveCountMax=2 -o ExitOnForwardFailure=yes -o ConnectTimeout=10 \
        -i "$folder/id_ed25519" -S "$folder/$1.line" "${@:2}" "ops@$(address_of "$1")"
}

connect() {
    local host=$1 pair forwards=()
    shift
    disconnect "$host"
    printf '%s\n' "$@" >"$folder/$host.ports"
    for pair in "$@"; do forwards+=(-R "127.0.0.1:${pair%=*}:127.0.0.1:${pair#*=}"); done
    line "$host" -M -f -N "${forwards[@]}" </dev/null >/dev/null 2>"$folder/$host.log" || fail "$host: $(cat "$folder/$host.log")"
}

disconnect() {
    [ ! -S "$folder/$1.line" ] || line "$1" -O exit >/dev/null 2>&1 || true
    rm -f "$folder/$1.line"
}

power_off() {
    podman kill --signal KILL "$prefix-$1" >/dev/null
    podman wait "$prefix-$1" >/dev/null
    disconnect "$1"
}

power_on() {
    podman start "$prefix-$1" >/dev/null
    let_in "$1" >/dev/null
    local ports=()
    [ ! -e "$folder/$1.ports" ] || mapfile -t ports <"$folder/$1.ports"
    [ "${#ports[@]}" -eq 0 ] || connect "$1" "${ports[@]}"
}

destroy() {
    local socket containers
    for socket in "$folder"/*.line; do
        [ -S "$socket" ] || continue
        ssh -S "$socket" -O exit host >/dev/null 2>&1 || true
    done
    rm -rf "$folder"
    command -v podman >/dev/null || return 0
    mapfile -t containers < <(podman ps --all --quiet --filter "name=^$prefix-")
    [ "${#containers[@]}" -eq 0 ] || podman rm --force --time 0 --volumes "${containers[@]}" >/dev/null
    ! podman network exists "$network" 2>/dev/null || podman network rm --force "$network" >/dev/null
}

case ${1-} in
why-not) why_not ;;
create) create "${@:2}" ;;
connect) connect "${@:2}" ;;
disconnect) disconnect "$2" ;;
power-off) power_off "$2" ;;
power-on) power_on "$2" ;;
destroy) destroy ;;
*) fail "hosts.sh: why-not, create, connect, disconnect, power-off, power-on or destroy is wanted, not '${1-}'" ;;
esac
