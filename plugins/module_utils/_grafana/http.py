# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Grafana's HTTP API by ansible's own HTTP client: retries, and errors as sentences. The token is in a header and nowhere else.

Source of paths, bodies and statuses: Grafana's HTTP API reference, and the handlers in its ``pkg/api``.
"""

from __future__ import annotations

import collections.abc as c
import http.client
import ipaddress
import json
import time
import typing as t
import urllib.error
import urllib.parse

from ansible.module_utils.urls import ConnectionError as NoConnection
from ansible.module_utils.urls import SSLValidationError, open_url

from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

NOT_FOUND = 404
# Grafana is starting, too busy, or lost a race within itself; the same call may do later.
PASSING = (429, 500, 502, 503, 504)
SOCKET_TIMEOUT = 30
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0

Answer = t.Any


class GrafanaError(Exception):
    """Grafana answers with an error. status: of HTTP, 0 for no answer; said: Grafana's own words; body: the answer's JSON object."""

    def __init__(self, status: int, said: str, call: str, body: dict[str, t.Any] | None = None) -> None:
        super().__init__(said)
        self.status = status
        self.said = said.rstrip(".")
        self.call = call
        self.body = body or {}

    def sentence(self) -> str:
        if self.status == 0:
            return f"Grafana does not answer ({self.call}): {self.said}; check the url and that the workspace is ACTIVE."
        if self.status == 401:
            return (
                f"Grafana does not accept the token ({self.said}); it may have expired, or be of another workspace:"
                " get a new one with module grafana_workspace_token."
            )
        if self.status == 403:
            return f"The token's service account may not {self.call} ({self.said}); use the token of one with the role admin."
        if 300 <= self.status < 400:
            return f"Grafana answers {self.call} by pointing elsewhere; check the url, it must be the workspace's endpoint itself."
        return f"Grafana refuses {self.call} with status {self.status}: {self.said}."


class Raced(GrafanaError):
    """A write that may be tried again after a new look: it was overtaken by another, or nobody knows whether it was done."""


def checked_url(url: str) -> str:
    """The address of a Grafana, e.g. of a workspace's endpoint, which AWS gives without a scheme. Raises Refused."""
    full = url.strip().rstrip("/")
    if "://" not in full:
        full = f"https://{full}"
    try:
        parts = urllib.parse.urlsplit(full)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or parts.query or parts.fragment:
        raise Refused(
            f"url: '{url}' is no address of a Grafana; give the workspace's endpoint, e.g. https://g-0123456789.grafana-workspace..."
        )
    if parts.username or parts.password:
        raise Refused("url: it holds a user or a password; Managed Grafana takes tokens only, give one as token.")
    if parts.scheme == "http" and not _is_this_machine(host):
        raise Refused(f"url: over http everybody on the way to '{host}' can read the token; use https.")
    return full


def checked_token(token: str) -> str:
    """A token that can stand in a header. Raises Refused without showing it: HTTP's own error would, in a form that no_log does not know."""
    if not token or not all("!" <= sign <= "~" for sign in token):
        raise Refused("token: it holds a blank, a line break or another sign that no token has; give it alone, e.g. by the filter trim.")
    return token


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Client:
    """Calls of one Grafana, one after another.

    timeout: seconds for which a call is tried while Grafana does not answer or is busy, as a new one is at first.
    """

    def __init__(
        self,
        url: str,
        token: str,
        *,
        timeout: float,
        validate_certs: bool = True,
        ca_path: str | None = None,
        clock: c.Callable[[], float] = time.monotonic,
        sleep: c.Callable[[float], None] = time.sleep,
    ) -> None:
        self._url = checked_url(url)
        self._headers = {
            "Authorization": f"Bearer {checked_token(token)}",
            "Accept": "application/json",
            "Content-Type": "application/json",
        }
        self._tls = {"validate_certs": validate_certs, "ca_path": ca_path}
        self._clock = clock
        self.sleep = sleep
        self._deadline = clock() + timeout

    @property
    def time_left(self) -> float:
        return self._deadline - self._clock()

    def read(self, *path: str, **query: str) -> Answer:
        """What a GET answers. Raises GrafanaError; what passes is tried again until the time is up."""
        pause = FIRST_PAUSE
        while True:
            try:
                return self._send("GET", path, query, None)
            except GrafanaError as error:
                if (error.status and error.status not in PASSING) or self.time_left <= 0:
                    raise
            self.sleep(min(pause, max(self.time_left, 0)))
            pause = min(2 * pause, LONGEST_PAUSE)

    def find(self, *path: str, **query: str) -> Answer | None:
        """As ``read``; None for what is not there."""
        try:
            return self.read(*path, **query)
        except GrafanaError as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def write(self, method: str, *path: str, body: dict[str, t.Any] | None = None) -> Answer:
        """Sends a change once. Raises Raced if it is worth another look and another try, else GrafanaError."""
        try:
            return self._send(method, path, {}, body)
        except GrafanaError as error:
            overtaken = error.body.get("status") == "version-mismatch" or "by someone else" in error.said
            if error.status == 0 or error.status in PASSING or overtaken:
                raise Raced(error.status, error.said, error.call, error.body) from None
            raise

    def _send(self, method: str, path: c.Sequence[str], query: c.Mapping[str, str], body: dict[str, t.Any] | None) -> Answer:
        quoted = "/".join(urllib.parse.quote(part, safe="") for part in path)
        call = f"{method} /api/{quoted}"
        url = f"{self._url}/api/{quoted}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        try:
            answer = open_url(
                url,
                method=method,
                data=None if body is None else json.dumps(body).encode(),
                headers=self._headers,
                timeout=SOCKET_TIMEOUT,
                follow_redirects="none",  # the token is for this address only
                use_netrc=False,
                **self._tls,
            )
            return _decoded(answer.read(), call)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, error.read(), call) from None
        except SSLValidationError as error:
            raise Refused(f"The certificate of {self._url} is not trusted ({_short(error)}); give its authority as ca_path.") from None
        except (urllib.error.URLError, http.client.HTTPException, NoConnection, OSError) as error:
            raise GrafanaError(0, _short(error), call) from None


def _decoded(text: bytes, call: str) -> Answer:
    try:
        return json.loads(text) if text else {}
    except ValueError:
        raise Refused(f"What answers {call} is no Grafana; check the url, it must be the workspace's endpoint.") from None


def _refusal(status: int, text: bytes, call: str) -> GrafanaError:
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    known = body if isinstance(body, dict) else {}
    return GrafanaError(status, str(known.get("message") or "no reason given"), call, known)


def _short(error: Exception) -> str:
    return " ".join(str(getattr(error, "reason", error)).split()) or type(error).__name__
