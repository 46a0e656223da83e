# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: mosquitto_password
short_description: A line of a password file of mosquitto
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Hashes a password as mosquitto_passwd does (PBKDF2 with SHA-512), so that neither a command line nor a file holds it in clear.
  - The salt follows from O(salt), the name and the password, so that the same input gives the same line.
positional: _input, name
options:
  _input:
    description: The password.
    type: str
    required: true
  name:
    description: The name of the user, without a colon.
    type: str
    required: true
  salt:
    description: What tells equal users of different brokers apart, such as the name of the host.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Let a meter in
  ansible.builtin.copy:
    content: "{{ meter_password | energytwin.aws.mosquitto_password('meter', salt=inventory_hostname) }}\n"
    dest: /etc/mosquitto/passwords
    owner: mosquitto
    mode: "0600"
  no_log: true
"""

RETURN = r"""
_value:
  description: The line, without a line break.
  type: str
"""

import base64
import collections.abc as c
import hashlib
import hmac
import typing as t

from ansible.errors import AnsibleFilterError

# What mosquitto_passwd 2.0 writes: kind of hash, rounds, bytes of salt.
KIND = 7
ROUNDS = 101
SALT_BYTES = 12


def mosquitto_password(password: str, name: str, salt: str = "") -> str:
    if not name or ":" in name or not name.isprintable():
        raise AnsibleFilterError(f"{name!r} is no name of a user of mosquitto; write one without a colon.")
    return f"{name}:{hashed(password, hmac.digest(password.encode(), f'{salt}:{name}'.encode(), 'sha512')[:SALT_BYTES])}"


def hashed(password: str, salt: bytes) -> str:
    """What mosquitto_passwd writes for a password and a salt."""
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ROUNDS)
    return f"${KIND}${ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


class FilterModule:
    def filters(self) -> dict[str, c.Callable[..., t.Any]]:
        return {"mosquitto_password": mosquitto_password}
