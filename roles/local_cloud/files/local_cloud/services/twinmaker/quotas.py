# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The default quotas of IoT TwinMaker (Service Quotas, service code ``iottwinmaker``)."""

from __future__ import annotations

import typing as t

WORKSPACES: t.Final = 15
ENTITIES: t.Final = 50_000
COMPONENT_TYPES: t.Final = 1_000
COMPONENTS_PER_ENTITY: t.Final = 30
PROPERTIES: t.Final = 800
SCENES: t.Final = 100
ENTITY_DEPTH: t.Final = 30
INHERITANCE_DEPTH: t.Final = 10
PARENTS_PER_COMPONENT_TYPE: t.Final = 10
COMPOSITION_DEPTH: t.Final = 5
COMPOSITION_SIZE: t.Final = 50
TAGS: t.Final = 50
QUEUED_TRANSFER_JOBS: t.Final = 10
IMPORT_FILE_BYTES: t.Final = 100 * 1024 * 1024
