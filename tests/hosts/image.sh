#!/usr/bin/env bash
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# image.sh: print the name of the image of the test hosts; it is built first where this machine does not hold it.
# Nothing comes from a container registry: the image is a Debian root from the very mirror that this machine's apt uses.
# Its tag is a digest of this script and of apt's sources, so a change of either builds a new one.
set -euo pipefail
cd "$(dirname "$0")"
export CONTAINERS_CONF="$PWD/containers.conf" DEBIAN_FRONTEND=noninteractive

# What the vendor's image of a board brings. mosquitto_pub is for the tests, the rest for Ansible and systemd.
packages=systemd,systemd-sysv,dbus,libnss-systemd,openssh-server,sudo,python3,python3-apt,ca-certificates,tzdata,iproute2,openssl
packages+=,mosquitto-clients
suite=bookworm
sources=/etc/apt/sources.list.d/debian.sources
[ -r "$sources" ] || sources=/etc/apt/sources.list

# A proxy or a frozen clock of this machine's apt holds for the hosts too: they use the same mirror.
acquire=$(apt-config dump | grep -E '^Acquire::(Check-Valid-Until|Check-Date|Retries|https?::(Proxy|Verify-Peer|CaInfo)[^ ]*) ' || true)
tag=$({ cat image.sh "$sources"; echo "$acquire"; } | sha256sum | cut -c1-12)
image=localhost/energytwin-host:$tag

# Of two runs at once, one builds and the other waits for it.
exec 9>"${TMPDIR:-/tmp}/energytwin-host-image.lock"
flock 9
if podman image exists "$image"; then
    echo "$image"
    exit
fi

work=$(mktemp -d "${TMPDIR:-/var/tmp}/energytwin-host.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "$acquire" >"$work/90machine"

# Every host makes its own machine id and SSH keys at its first start, and no timer of apt's takes the lock from Ansible.
cat >"$work/customize" <<'HOOK'
#!/bin/sh
set -eu
rm -f "$1"/etc/ssh/ssh_host_*
: >"$1/etc/machine-id"
for unit in apt-daily.timer apt-daily-upgrade.timer apt-daily.service apt-daily-upgrade.service systemd-udevd.service; do
    ln -sf /dev/null "$1/etc/systemd/system/$unit"
done
cat >"$1/etc/systemd/system/ssh-host-keys.service" <<'UNIT'
[Unit]
Description=Make the SSH keys of this host
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
[Install]
WantedBy=multi-user.target
UNIT
chroot "$1" systemctl --quiet enable ssh-host-keys.service
chroot "$1" useradd --create-home --shell /bin/bash --groups sudo ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' >"$1/etc/sudoers.d/ops"
chmod 0440 "$1/etc/sudoers.d/ops"
install -d -m 0700 -o 1000 -g 1000 "$1/home/ops/.ssh"
printf 'PasswordAuthentication no\nPermitRootLogin no\nUseDNS no\n' >"$1/etc/ssh/sshd_config.d/hosts.conf"
HOOK
chmod +x "$work/customize"

# The package lists stay: a role installs packages without fetching them first.
mmdebstrap --quiet --variant=apt --include="$packages" --skip=cleanup/apt/lists \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --aptopt="$work/90machine" --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
    --customize-hook="$work/customize" "$suite" "$work/root.tar" "$sources" >&2
podman import --quiet --change 'CMD ["/sbin/init"]' --change 'STOPSIGNAL SIGRTMIN+3' "$work/root.tar" "$image" >&2
echo "built $image" >&2
echo "$image"
