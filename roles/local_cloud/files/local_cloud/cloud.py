# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cloud: what services share, and how they reach one another."""

from __future__ import annotations

import time
import typing as t

from local_cloud.metrics import Metrics
from local_cloud.settings import Settings
from local_cloud.store import Store

if t.TYPE_CHECKING:
    from local_cloud.access import Access, Session
    from local_cloud.client import Clients
    from local_cloud.front.core import Front
    from local_cloud.front.moto import Moto
    from local_cloud.policy import Context
    from local_cloud.service import Request, Service

S = t.TypeVar("S", bound="Service")


class Cloud:
    """One account in one region. Services are made with it and find one another by class; ``assembly.build`` makes it whole."""

    access: Access
    clients: Clients
    front: Front
    moto: Moto

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.store = Store(settings.home / "cloud.sqlite")
        self.metrics = Metrics(self.store)
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

    def start(self) -> None:
        """Lets every service resume what was interrupted, in the order in which they were added."""
        for service in self.services:
            service.start()

    def stop(self) -> None:
        for service in reversed(self.services):
            service.stop()
        self.moto.close()
        self.store.close()

    def resources(self) -> dict[str, int]:
        """How many records of each kind there are, and how many resources moto holds."""
        with self.store.transaction() as db:
            counted = dict(db.execute("select kind, count(*) from records group by kind order by kind").fetchall())
        own = {kind: count for kind, count in counted.items() if not kind.startswith(("access.", "server."))}
        return {**own, **self.moto.resources()}

    # ---- what services ask of one another

    def client(self, service: str, role: str | None = None) -> t.Any:
        """A boto3 client whose calls are answered in this process, validated as from outside, without knobs or retries.

        role: ARN of a role; the call is then a session of it, and its policies are enforced.
        """
        return self.clients.client(service, role)

    def issue_session(self, role_arn: str) -> Session:
        """Keys (``access_key``, ``secret_key``, ``token``) of a session of the role, good while the role exists."""
        return self.access.service_session(role_arn)

    def role_trusts(self, role_arn: str, service_principal: str, context: Context | None = None) -> bool:
        """Whether the role exists and its trust policy lets e.g. ``iottwinmaker.amazonaws.com`` assume it.

        context: condition keys of the assumption, e.g. ``aws:SourceArn``; ``aws:SourceAccount`` is this account.
        """
        return self.access.role_trusts(role_arn, service_principal, context)

    def allowed(self, role_arn: str, action: str, resource: str, context: Context | None = None) -> bool:
        """Whether the identity policies (inline and attached) of the role allow ``service:Operation`` on the ARN."""
        return self.access.allowed(role_arn, action, resource, context)

    def authorize(self, request: Request, action: str, resource: str, context: Context | None = None) -> None:
        """Raises ``ApiError`` AccessDeniedException if a role session made the call and may not; the account's user may do all."""
        self.access.authorize(request.principal, action, resource, context)
