# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cloud: what services share, and how they reach one another."""

from __future__ import annotations

import time
import typing as t

from local_cloud.settings import Settings
from local_cloud.store import Store

if t.TYPE_CHECKING:
    from local_cloud.service import Service

S = t.TypeVar("S", bound="Service")


class Cloud:
    """One account in one region. Services are made with it and find one another by class."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.store = Store(settings.home / "cloud.sqlite")
        self.services: list[Service] = []

    def add(self, service: Service) -> None:
        self.services.append(service)

    def service(self, kind: type[S]) -> S:
        return next(service for service in self.services if isinstance(service, kind))

    def now(self) -> float:
        """Epoch seconds, UTC."""
        return time.time()

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.settings.region}:{self.settings.account}:{resource}"
