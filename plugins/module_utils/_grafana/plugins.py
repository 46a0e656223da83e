# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plugins of a Grafana: which version is there, and bringing another one."""

from __future__ import annotations

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import NOT_FOUND, Client, GrafanaError
from ansible_collections.energytwin.aws.plugins.module_utils._grafana.task import Change, no_change
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, changed_value
from ansible_collections.energytwin.aws.plugins.module_utils._wait import poll

Answer = dict[str, t.Any]
CONFLICT = 409
ADMINISTRATION_OFF = (
    "Plugin administration is off in this workspace, so {what} cannot be changed: switch it on"
    " (module grafana_workspace, configuration 'plugins: {{pluginAdminEnabled: true}}')."
)


def read(client: Client, plugin_id: str) -> Answer | None:
    return t.cast("Answer | None", client.find("plugins", plugin_id, "settings"))


def version_of(there: Answer | None) -> str | None:
    return None if there is None else str((there.get("info") or {}).get("version", ""))


def shown(there: Answer | None) -> Answer:
    """A plugin in the shape of the module's options; empty for none."""
    return {} if there is None else {"plugin_id": there["id"], "version": version_of(there), "type": there.get("type", "")}


def plan(client: Client, plugin_id: str, version: str | None, there: Answer | None) -> Change:
    """version: the wanted one, None for no plugin."""
    present = version_of(there)
    if present == version:
        return no_change(_picture(plugin_id, present))
    if version is None:
        return Change(_picture(plugin_id, present), {}, ["is not wanted"], lambda: _uninstall(client, plugin_id))
    reasons = ["is not there"] if present is None else [changed_value("version", present, version)]
    return Change(_picture(plugin_id, present), _picture(plugin_id, version), reasons, lambda: _install(client, plugin_id, version))


def _picture(plugin_id: str, version: str | None) -> Answer:
    return {} if version is None else {"plugin_id": plugin_id, "version": version}


def _install(client: Client, plugin_id: str, version: str) -> None:
    """Grafana answers when it has unpacked the plugin; that it is there is seen a moment later."""
    try:
        client.write("POST", "plugins", plugin_id, "install", body={"version": version})
    except GrafanaError as error:
        raise _explained(client, error, f"plugin '{plugin_id}' {version}") from None
    _unused, done = poll(lambda: version_of(read(client, plugin_id)), lambda seen: seen == version, timeout=max(client.time_left, 0))
    if not done:
        raise Refused(
            f"Plugin '{plugin_id}' {version} was installed, but Grafana does not show it yet; raise timeout, or look into Grafana."
        )


def _uninstall(client: Client, plugin_id: str) -> None:
    try:
        client.write("POST", "plugins", plugin_id, "uninstall")
    except GrafanaError as error:
        raise _explained(client, error, f"plugin '{plugin_id}'") from None


def _explained(client: Client, error: GrafanaError, what: str) -> Exception:
    """Without plugin administration Grafana has no route for it at all: the same answer as for an unknown plugin."""
    if error.status in (NOT_FOUND, 403) and not is_administered(client):
        return Refused(ADMINISTRATION_OFF.format(what=what))
    if error.status == NOT_FOUND:
        return Refused(f"Grafana's catalogue does not offer {what} ({error.said}); check id and version.")
    if error.status == CONFLICT:
        return Refused(f"Grafana does not take {what} ({error.said}); choose a version that fits this version of Grafana.")
    if error.status == 403 and "core" in error.said.lower():
        return Refused(f"{what} is a part of Grafana and cannot be changed ({error.said}).")
    return error


def is_administered(client: Client) -> bool:
    """Whether plugins can be changed in this workspace."""
    return bool((client.find("frontend", "settings") or {}).get("pluginAdminEnabled", True))
