# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules promise, said once: extend this, and state ``support`` where a module differs."""

from __future__ import annotations


class ModuleDocFragment:
    # What every module that changes something promises.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the changed status prediction without modifying the target.
    support: full
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: full
  idempotent:
    description: When run twice in a row outside of check mode with the same arguments, the second run reports no change.
    support: full
"""

    # What every module that only reads promises.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return the changed status prediction without modifying the target.
    support: full
    details:
      - This module does not modify anything.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details:
      - This module does not modify anything.
  idempotent:
    description: When run twice in a row outside of check mode with the same arguments, the second run reports no change.
    support: full
    details:
      - This module does not modify anything.
"""

    ACTIONGROUP_ENERGYTWIN = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/energytwin.aws.energytwin) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - energytwin.aws.energytwin
"""

    ACTIONGROUP_GRAFANA = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/energytwin.aws.grafana) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - energytwin.aws.grafana
"""
