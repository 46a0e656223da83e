# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter for mosquitto's password files."""

from __future__ import annotations

import base64

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.energytwin.aws.plugins.filter.mosquitto_password import hashed, mosquitto_password

# Written by mosquitto_passwd 2.0.11 for the password "p@ss w0rd".
WRITTEN = "$7$101$2dbzw/AmErWNK3Ji$abqVrmDRxpAmrSqzXFtn/uvqa9sF4yZ8dpGzs3DVxNGaD1N1iS9fWQ4b4Oa8zmstoSPIBvf0c8JmoCE+laxQ1A=="


def test_hashes_as_mosquitto_does() -> None:
    _nothing, _kind, _rounds, salt, _digest = WRITTEN.split("$")
    assert hashed("p@ss w0rd", base64.b64decode(salt)) == WRITTEN


def test_the_same_input_gives_the_same_line_and_any_other_another_salt() -> None:
    line = mosquitto_password("secret", "meter", salt="gw-roof")
    assert line == mosquitto_password("secret", "meter", salt="gw-roof")
    assert line.startswith("meter:$7$101$") and "secret" not in line
    others = [
        mosquitto_password(*other) for other in [("Secret", "meter", "gw-roof"), ("secret", "m", "gw-roof"), ("secret", "meter", "gw-hall")]
    ]
    assert len({one.split("$")[3] for one in [line, *others]}) == 4


@pytest.mark.parametrize("name", ["", "a:b", "a\nb"])
def test_a_name_that_would_break_the_file_is_refused(name: str) -> None:
    with pytest.raises(AnsibleFilterError, match="no name of a user"):
        mosquitto_password("secret", name)
