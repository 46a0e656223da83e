# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: code_bucket
short_description: The bucket that holds the code of a stack's functions
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - Gives V(<stack>-code-<account>-<region>), cut and told apart by a digest where that is too long for a bucket.
positional: _input
options:
  _input:
    description:
      - Name of the stack.
    type: str
    required: true
  account:
    description:
      - Id of the AWS account.
    type: str
    required: true
  region:
    description:
      - The AWS region.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the bucket's name
  ansible.builtin.debug:
    msg: "{{ 'example-plant' | energytwin.aws.code_bucket(account='123456789012', region='eu-central-1') }}"
"""

RETURN = r"""
_value:
  description: Name of the bucket.
  type: str
"""

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._site.stack import code_bucket


class FilterModule:
    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        return {"code_bucket": code_bucket}
