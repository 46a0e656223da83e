# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One function for each call of the IoT Core API that the modules use.

Source of shapes and errors: botocore's service model ``iot`` 2015-05-28. Every function raises ``AwsError``.
"""

from __future__ import annotations

import typing as t

from ansible_collections.energytwin.aws.plugins.module_utils._aws import AwsError, api_call, pages, tag_writer

Answer = dict[str, t.Any]


@api_call("read topic rule '{name}'")
def _get_topic_rule(client: t.Any, name: str) -> Answer:
    return t.cast(Answer, client.get_topic_rule(ruleName=name))


@api_call("list the topic rules")
def _topic_rules_page(client: t.Any, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_topic_rules(**request))


def get_topic_rule(client: t.Any, name: str) -> Answer | None:
    """GetTopicRule's answer, or None if there is no such rule.

    AWS says UnauthorizedException for a rule that is not there, as it does for one that may not be read; the list tells them apart.
    """
    try:
        return _get_topic_rule(client, name)
    except AwsError as error:
        if error.code == "ResourceNotFoundException":
            return None
        if error.code != "UnauthorizedException" or any(
            rule["ruleName"] == name for rule in pages(_topic_rules_page, "rules", client=client)
        ):
            raise
        return None


@api_call("create topic rule '{name}'")
def create_topic_rule(client: t.Any, name: str, payload: Answer) -> None:
    """Without tags: the call takes them in a header, and how to write special characters in it is not documented."""
    client.create_topic_rule(ruleName=name, topicRulePayload=payload)


@api_call("replace topic rule '{name}'")
def replace_topic_rule(client: t.Any, name: str, payload: Answer) -> None:
    client.replace_topic_rule(ruleName=name, topicRulePayload=payload)


@api_call("enable topic rule '{name}'")
def enable_topic_rule(client: t.Any, name: str) -> None:
    client.enable_topic_rule(ruleName=name)


@api_call("disable topic rule '{name}'")
def disable_topic_rule(client: t.Any, name: str) -> None:
    client.disable_topic_rule(ruleName=name)


@api_call("delete topic rule '{name}'")
def delete_topic_rule(client: t.Any, name: str) -> None:
    client.delete_topic_rule(ruleName=name)


@api_call("list the tags of {arn}")
def _tags_page(client: t.Any, arn: str, **request: t.Any) -> Answer:
    return t.cast(Answer, client.list_tags_for_resource(resourceArn=arn, **request))


def list_tags(client: t.Any, arn: str) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in pages(_tags_page, "tags", client=client, arn=arn)}


@api_call("tag {arn}")
def tag_resource(client: t.Any, arn: str, tags: dict[str, str]) -> None:
    client.tag_resource(resourceArn=arn, tags=[{"Key": key, "Value": value} for key, value in tags.items()])


@api_call("remove tags of {arn}")
def untag_resource(client: t.Any, arn: str, keys: list[str]) -> None:
    client.untag_resource(resourceArn=arn, tagKeys=keys)


write_tags = tag_writer(tag_resource, untag_resource)
