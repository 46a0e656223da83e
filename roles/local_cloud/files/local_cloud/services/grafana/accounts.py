# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Service accounts of a workspace's Grafana, and their tokens."""

from __future__ import annotations

import hashlib
import secrets
import string

from local_cloud.service import Answer, Request
from local_cloud.services.grafana.room import ACCOUNT, TOKEN, WORKSPACE, Room, conflict, not_found
from local_cloud.store import Record


class ServiceAccounts(Room):
    def create_workspace_service_account(self, request: Request) -> Answer:
        self.authorize(request)
        name, role = request.parameters["name"], request.parameters["grafanaRole"]
        with self.cloud.store.transaction():
            record = self.get_active(request)
            accounts = self.cloud.store.list(ACCOUNT, prefix=f"{record['id']}/")
            if any(account["name"] == name for _unused, account in accounts):
                raise conflict(f"The service account {name} already exists.", name, "service account")
            account = {"id": self._next_id(record), "name": name, "grafanaRole": role, "isDisabled": "false"}
            self.cloud.store.put(ACCOUNT, _key(record["id"], account["id"]), account)
        return {"id": account["id"], "name": name, "grafanaRole": role, "workspaceId": record["id"]}

    def list_workspace_service_accounts(self, request: Request) -> Answer:
        record = self.find_workspace(request)
        shown, token = self.paged(request, self.cloud.store.list(ACCOUNT, prefix=f"{record['id']}/"))
        return {"serviceAccounts": shown, "workspaceId": record["id"], **token}

    def delete_workspace_service_account(self, request: Request) -> Answer:
        self.authorize(request)
        with self.cloud.store.transaction():
            key, account = self._find_account(request, self.get_active(request))
            self.cloud.store.delete(ACCOUNT, key)
            for token_key, _unused in self.cloud.store.list(TOKEN, prefix=f"{key}/"):
                self.cloud.store.delete(TOKEN, token_key)
        return {"serviceAccountId": account["id"], "workspaceId": request.parameters["workspaceId"]}

    def create_workspace_service_account_token(self, request: Request) -> Answer:
        """The key is in this answer and nowhere else; what is stored is its hash."""
        self.authorize(request)
        name = request.parameters["name"]
        key = _new_key()
        with self.cloud.store.transaction():
            record = self.get_active(request)
            account_key, account = self._find_account(request, record)
            if any(token["name"] == name for _unused, token in self.cloud.store.list(TOKEN, prefix=f"{account_key}/")):
                raise conflict(f"The service account token {name} already exists.", name, "service account token")
            now = self.cloud.now()
            token = {
                "id": self._next_id(record),
                "name": name,
                "createdAt": now,
                "expiresAt": now + request.parameters["secondsToLive"],
                "hash": hashlib.sha256(key.encode()).hexdigest(),
            }
            self.cloud.store.put(TOKEN, _key(account_key, token["id"]), token)
        shown = {"id": token["id"], "name": name, "key": key}
        return {"serviceAccountToken": shown, "serviceAccountId": account["id"], "workspaceId": record["id"]}

    def list_workspace_service_account_tokens(self, request: Request) -> Answer:
        record = self.find_workspace(request)
        account_key, account = self._find_account(request, record)
        found, token = self.paged(request, self.cloud.store.list(TOKEN, prefix=f"{account_key}/"))
        shown = [{name: value for name, value in entry.items() if name != "hash"} for entry in found]
        return {"serviceAccountTokens": shown, "serviceAccountId": account["id"], "workspaceId": record["id"], **token}

    def delete_workspace_service_account_token(self, request: Request) -> Answer:
        self.authorize(request)
        token_id = request.parameters["tokenId"]
        with self.cloud.store.transaction():
            record = self.get_active(request)
            account_key, account = self._find_account(request, record)
            if not self.cloud.store.delete(TOKEN, _key(account_key, token_id)):
                raise not_found(token_id, "service account token")
        return {"tokenId": token_id, "serviceAccountId": account["id"], "workspaceId": record["id"]}

    def _find_account(self, request: Request, workspace: Record) -> tuple[str, Record]:
        account_id = request.parameters["serviceAccountId"]
        key = _key(workspace["id"], account_id)
        account = self.cloud.store.get(ACCOUNT, key)
        if account is None:
            raise not_found(account_id, "service account")
        return key, account

    def _next_id(self, workspace: Record) -> str:
        """Grafana numbers what it holds; within a transaction."""
        number = workspace["accounts"] + 1
        self.cloud.store.put(WORKSPACE, workspace["id"], {**workspace, "accounts": number})
        return str(number)


def _key(parent: str, number: str) -> str:
    """Keys of equal width come in the order of their numbers."""
    return f"{parent}/{number:0>10}"


def _new_key() -> str:
    """In the form of Grafana's own service account tokens."""
    letters = string.ascii_letters + string.digits
    return f"glsa_{''.join(secrets.choice(letters) for _unused in range(32))}_unused{secrets.token_hex(4)}"
