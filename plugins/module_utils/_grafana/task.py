# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules for Grafana's HTTP API have in common: their options, and the way from a plan to a result."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.energytwin.aws.plugins.module_utils._grafana.http import Client, GrafanaError, Raced
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff

Answer = dict[str, t.Any]

TRIES = 6


@dataclasses.dataclass(frozen=True)
class Change:
    """What turns what is there into what is wanted.

    before, after: in the shape of the options, without secrets. apply: does it; called only if there are reasons.
    """

    before: Answer
    after: Answer
    reasons: list[str]
    apply: c.Callable[[], object]


def no_change(picture: Answer | None = None) -> Change:
    return Change(picture or {}, picture or {}, [], lambda: None)


def grafana_module(argument_spec: dict[str, t.Any], **rules: t.Any) -> AnsibleModule:
    """A module with the options of a Grafana beside its own."""
    return AnsibleModule(
        argument_spec={
            "url": {"type": "str", "fallback": (env_fallback, ["GRAFANA_URL"])},
            "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GRAFANA_TOKEN"])},
            "validate_certs": {"type": "bool", "default": True},
            "ca_path": {"type": "path"},
            "timeout": {"type": "int", "default": 60},
            **argument_spec,
        },
        supports_check_mode=True,
        **rules,
    )


def run(module: AnsibleModule, work: c.Callable[[Client, Answer, bool], Answer]) -> t.NoReturn:
    """Does the module's work and ends it: with its result, or with one clear message and never a traceback."""
    answer, done = _outcome(module, work)
    if done:
        module.exit_json(**answer)
    module.fail_json(**answer)


def _outcome(module: AnsibleModule, work: c.Callable[[Client, Answer, bool], Answer]) -> tuple[Answer, bool]:
    options = module.params
    try:
        for name in ("url", "token"):
            if not options[name]:
                raise Refused(
                    f"{name}: nothing is given; give it here, in module_defaults (group/energytwin.aws.grafana) or as GRAFANA_{name.upper()}."
                )
        client = Client(
            options["url"],
            options["token"],
            timeout=options["timeout"],
            validate_certs=options["validate_certs"],
            ca_path=options["ca_path"],
        )
        return work(client, options, module.check_mode), True
    except Refused as error:
        return {"msg": error.message, **error.details}, False
    except GrafanaError as error:
        return {"msg": error.sentence(), "error": {"status": error.status, "message": error.said}}, False


def converge(
    client: Client, read: c.Callable[[], Answer | None], plan: c.Callable[[Answer | None], Change], check_mode: bool
) -> tuple[Change, Answer | None]:
    """Reads, plans and applies. Returns the plan, and what is there in the end.

    A change that was overtaken, or whose answer got lost, is planned anew from another look: what is done already is not done twice.
    """
    there = read()
    first = change = plan(there)
    if check_mode:
        return first, there
    tries = TRIES
    while change.reasons:
        tries -= 1
        try:
            change.apply()
        except Raced as error:
            if not tries or client.time_left <= 0:
                raise
            client.sleep(0.2 * 2 ** (TRIES - tries) if error.status else 0.2)
            there = read()
            change = plan(there)
            continue
        return first, read()
    return first, there


def result(change: Change, **shown: t.Any) -> Answer:
    return {"changed": bool(change.reasons), **shown, "diff": as_diff(change.before, change.after), "reasons": change.reasons}


def check_uid(option: str, uid: str | None) -> None:
    """Raises Refused for what Grafana takes as no uid."""
    if uid is not None and (not 1 <= len(uid) <= 40 or not all(sign.isascii() and (sign.isalnum() or sign in "-_") for sign in uid)):
        raise Refused(f"{option}: '{uid}' cannot be used; use letters, digits, '-' and '_', at most 40 characters.")
