# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules that publish readings have in common: their options, and their way to the broker."""

from __future__ import annotations

import collections.abc as c
import contextlib
import typing as t

try:
    from botocore.exceptions import BotoCoreError, ClientError
except ImportError:
    pass  # AnsibleAWSModule has already said so

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._reading import mqtt
from ansible_collections.energytwin.aws.plugins.module_utils._reading.device import temporary_device


def reading_module(argument_spec: dict[str, t.Any]) -> AnsibleAWSModule:
    """A module with the options of a broker beside its own."""
    module = AnsibleAWSModule(
        argument_spec={
            **argument_spec,
            "mqtt_port": {"type": "int"},
            "ca_file": {"type": "path"},
            "timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    if mqtt.PAHO_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("paho-mqtt >= 2.0"), exception=mqtt.PAHO_IMPORT_ERROR)
    return module


@contextlib.contextmanager
def sending(module: AnsibleAWSModule, topic: str) -> c.Iterator[c.Callable[[c.Sequence[str]], None]]:
    """Gives a function that publishes payloads to the topic as a device which exists for the length of the block.

    What goes wrong with the device or the broker ends the module with one sentence.
    """
    parameters = module.params
    try:
        with temporary_device(module.client("iot"), topic, port=parameters["mqtt_port"]) as device:
            yield lambda payloads: mqtt.publish(device, topic, payloads, ca_file=parameters["ca_file"], timeout=parameters["timeout"])
    except mqtt.BrokerError as error:
        module.fail_json(msg=f"The readings stopped at the broker: {error}.", hop="broker")
    except (ClientError, BotoCoreError) as error:
        module.fail_json_aws(error, msg="The device for publishing readings could not be made or removed")
