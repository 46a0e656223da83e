# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""sns: standard topics with their policies, e-mail subscriptions, and messages that are kept instead of sent.

Source: the API reference of Amazon SNS and "Confirm a subscription" in its guide. FIFO topics, KMS keys, delivery options, filter policies
and protocols other than e-mail are refused with 501.
"""

from __future__ import annotations

import json
import re
import typing as t
import uuid

from local_cloud import policy
from local_cloud.errors import ApiError
from local_cloud.metrics import Datum
from local_cloud.service import Answer, Request, Service
from local_cloud.store import Record

TOPIC: t.Final = "sns/topic"
SUBSCRIPTION: t.Final = "sns/subscription"
MESSAGE: t.Final = "sns/message"
PENDING: t.Final = "PendingConfirmation"
MOST_MESSAGE: t.Final = 262_144
_NAME: t.Final = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ADDRESS: t.Final = re.compile(r"[^@\s]+@[^@\s]+")
_SETTABLE: t.Final = ("DisplayName", "Policy")
_PAGE: t.Final = 100


class Sns(Service):
    models = ("sns",)

    # ---- Topics

    def create_topic(self, request: Request) -> Answer:
        """A topic that is there already is answered with its ARN, unless its attributes differ."""
        given = request.parameters
        if not _NAME.fullmatch(given["Name"]):
            raise _invalid("Topic Name")
        attributes = given.get("Attributes", {})
        for name, value in attributes.items():
            self._check(name, value)
        if "DataProtectionPolicy" in given:
            raise _not_implemented("the member DataProtectionPolicy of sns:CreateTopic")
        arn = self.cloud.arn("sns", given["Name"])
        self._authorized(request, arn)
        tags = {tag["Key"]: tag["Value"] for tag in given.get("Tags", [])}
        with self.cloud.store.transaction():
            known = self.cloud.store.get(TOPIC, arn)
            if known is None:
                self.cloud.store.put(TOPIC, arn, {"attributes": {"Policy": self._default_policy(arn), **attributes}, "tags": tags})
            elif any(known["attributes"].get(name) != value for name, value in attributes.items()):
                raise _invalid("Attributes Reason: Topic already exists with different attributes")
            elif tags and known["tags"] != tags:
                raise _invalid("Tags Reason: Topic already exists with different tags")
        return {"TopicArn": arn}

    def delete_topic(self, request: Request) -> Answer:
        """Its subscriptions go with it; one that is not there is no error."""
        arn = request.parameters["TopicArn"]
        self._authorized(request, arn)
        with self.cloud.store.transaction():
            self.cloud.store.delete(TOPIC, arn)
            for key, _unused in self.cloud.store.list(SUBSCRIPTION, parent=arn):
                self.cloud.store.delete(SUBSCRIPTION, key)
        return {}

    def get_topic_attributes(self, request: Request) -> Answer:
        arn, topic = self._topic(request)
        subscriptions = [record for _unused, record in self.cloud.store.list(SUBSCRIPTION, parent=arn)]
        counts = {
            "SubscriptionsConfirmed": sum(record["confirmed"] for record in subscriptions),
            "SubscriptionsPending": sum(not record["confirmed"] for record in subscriptions),
            "SubscriptionsDeleted": 0,
        }
        shown = {"TopicArn": arn, "Owner": self.cloud.settings.account, "DisplayName": "", **topic["attributes"]}
        return {"Attributes": {**shown, **{name: str(count) for name, count in counts.items()}}}

    def set_topic_attributes(self, request: Request) -> Answer:
        arn, topic = self._topic(request)
        name, value = request.parameters["AttributeName"], request.parameters.get("AttributeValue", "")
        self._check(name, value)
        if name == "Policy" and not value:
            value = self._default_policy(arn)
        self.cloud.store.put(TOPIC, arn, {**topic, "attributes": {**topic["attributes"], name: value}})
        return {}

    def list_topics(self, request: Request) -> Answer:
        self._authorized(request, "*")
        return _page(request, "Topics", [{"TopicArn": arn} for arn, _unused in self.cloud.store.list(TOPIC)])

    # ---- Subscriptions

    def subscribe(self, request: Request) -> Answer:
        """An e-mail address gets the token with which it confirms; asking again for the same one sends it again."""
        arn, _unused = self._topic(request)
        given = request.parameters
        if given["Protocol"] not in ("email", "email-json"):
            raise _not_implemented(f"the protocol {given['Protocol']} of a subscription; it has email and email-json")
        if given.get("Attributes"):
            raise _not_implemented(f"the attribute {min(given['Attributes'])} of a subscription")
        endpoint = given.get("Endpoint", "")
        if not _ADDRESS.fullmatch(endpoint):
            raise _invalid("Email address")
        with self.cloud.store.transaction():
            known = [
                (key, record)
                for key, record in self.cloud.store.list(SUBSCRIPTION, parent=arn)
                if (record["protocol"], record["endpoint"]) == (given["Protocol"], endpoint)
            ]
            if known:
                key, record = known[0]
            else:
                key = f"{arn}:{uuid.uuid4()}"
                record = {"topic": arn, "protocol": given["Protocol"], "endpoint": endpoint, "confirmed": False, "token": uuid.uuid4().hex}
                self.cloud.store.put(SUBSCRIPTION, key, record, parent=arn)
            if not record["confirmed"]:
                asked = f"You have chosen to subscribe to the topic:\n{arn}\n\n"
                text = f"{asked}To confirm this subscription: ConfirmSubscription with the token {record['token']}"
                self._keep(arn, "AWS Notification - Subscription Confirmation", text, [endpoint])
        shown = record["confirmed"] or given.get("ReturnSubscriptionArn", False)
        return {"SubscriptionArn": key if shown else "pending confirmation"}

    def confirm_subscription(self, request: Request) -> Answer:
        arn, _unused = self._topic(request)
        with self.cloud.store.transaction():
            for key, record in self.cloud.store.list(SUBSCRIPTION, parent=arn):
                if record["token"] == request.parameters["Token"]:
                    self.cloud.store.put(SUBSCRIPTION, key, {**record, "confirmed": True}, parent=arn)
                    return {"SubscriptionArn": key}
        raise _invalid("Token")

    def unsubscribe(self, request: Request) -> Answer:
        arn = request.parameters["SubscriptionArn"]
        self._authorized(request, arn.rpartition(":")[0])
        if arn.count(":") != 6:
            raise _invalid("SubscriptionArn Reason: An ARN must have at least 6 elements")
        self.cloud.store.delete(SUBSCRIPTION, arn)
        return {}

    def get_subscription_attributes(self, request: Request) -> Answer:
        arn = request.parameters["SubscriptionArn"]
        self._authorized(request, arn.rpartition(":")[0])
        record = self.cloud.store.get(SUBSCRIPTION, arn)
        if record is None:
            raise ApiError("NotFound", "Subscription does not exist")
        return {
            "Attributes": {
                "SubscriptionArn": arn,
                "TopicArn": record["topic"],
                "Owner": self.cloud.settings.account,
                "Protocol": record["protocol"],
                "Endpoint": record["endpoint"],
                "PendingConfirmation": str(not record["confirmed"]).lower(),
                "ConfirmationWasAuthenticated": "false",
                "RawMessageDelivery": "false",
            }
        }

    def list_subscriptions(self, request: Request) -> Answer:
        self._authorized(request, "*")
        return _page(request, "Subscriptions", [self._shown(key, record) for key, record in self.cloud.store.list(SUBSCRIPTION)])

    def list_subscriptions_by_topic(self, request: Request) -> Answer:
        arn, _unused = self._topic(request)
        records = self.cloud.store.list(SUBSCRIPTION, parent=arn)
        return _page(request, "Subscriptions", [self._shown(key, record) for key, record in records])

    def _shown(self, key: str, record: Record) -> dict[str, str]:
        return {
            "SubscriptionArn": key if record["confirmed"] else PENDING,
            "Owner": self.cloud.settings.account,
            "Protocol": record["protocol"],
            "Endpoint": record["endpoint"],
            "TopicArn": record["topic"],
        }

    # ---- Publishing

    def publish(self, request: Request) -> Answer:
        given = request.parameters
        for member in ("TargetArn", "PhoneNumber", "MessageStructure", "MessageAttributes", "MessageDeduplicationId", "MessageGroupId"):
            if member in given:
                raise _not_implemented(f"the member {member} of sns:Publish")
        if "TopicArn" not in given:
            raise _invalid("TopicArn or TargetArn Reason: no value for required parameter")
        arn, topic = self._topic(request)
        keys: policy.Context = {"aws:SecureTransport": True, "aws:SourceOwner": self.cloud.settings.account}
        if policy.trusts(json.loads(topic["attributes"]["Policy"]), "sns:Publish", "AWS", "*", keys) is policy.Decision.DENIED:
            raise ApiError(
                "AuthorizationError", f"not authorized to perform: SNS:Publish on resource: {arn} with an explicit deny", status=403
            )
        return {"MessageId": self._publish(arn, given.get("Subject"), given["Message"])}

    def publish_for(self, principal: str, source: str, topic_arn: str, subject: str, message: str) -> str | None:
        """Publishes for another AWS service, if the topic's policy lets it. Gives why not, in one sentence, or None.

        principal: e.g. ``cloudwatch.amazonaws.com``; source: ARN of the alarm for which it is done.
        """
        topic = self.cloud.store.get(TOPIC, topic_arn)
        if topic is None:
            return f"The topic {topic_arn} does not exist"
        account = self.cloud.settings.account
        keys: policy.Context = {
            "aws:SourceArn": source,
            "aws:SourceAccount": account,
            "aws:SourceOwner": account,
            "aws:SecureTransport": True,
        }
        document = json.loads(topic["attributes"]["Policy"])
        # The principal {"AWS": "*"} of a topic's first policy is everybody, services included.
        decisions = [policy.trusts(document, "sns:Publish", kind, principal, keys) for kind in ("Service", "AWS")]
        if policy.Decision.DENIED in decisions or policy.Decision.ALLOWED not in decisions:
            return f"{principal} is not authorized to perform: SNS:Publish on resource: {topic_arn}"
        self._publish(topic_arn, subject, message)
        return None

    def _publish(self, arn: str, subject: str | None, message: str) -> str:
        if not message:
            raise _invalid("Empty message")
        if len(message.encode()) > MOST_MESSAGE:
            raise _invalid("Message too long")
        with self.cloud.store.transaction():
            subscribers = [record["endpoint"] for _unused, record in self.cloud.store.list(SUBSCRIPTION, parent=arn) if record["confirmed"]]
            message_id = self._keep(arn, subject, message, subscribers)
            counted = {"NumberOfMessagesPublished": 1, "NumberOfNotificationsDelivered": len(subscribers)}
            data = [Datum.count(name, number, TopicName=arn.rpartition(":")[2]) for name, number in counted.items() if number]
            self.cloud.metrics.add("AWS/SNS", data, self.cloud.now())
        return message_id

    def _keep(self, arn: str, subject: str | None, message: str, recipients: list[str]) -> str:
        """What AWS would send is kept for ``messages``."""
        message_id = str(uuid.uuid4())
        now = self.cloud.now()
        record = {"time": now, "id": message_id, "topic": arn, "subject": subject, "message": message, "recipients": recipients}
        self.cloud.store.put(MESSAGE, f"{now:017.6f}-{uuid.uuid1().time:020d}", record)
        return message_id

    def messages(self) -> list[Record]:
        """All messages in their order: time (epoch seconds), id, topic, subject (or None), message, recipients (addresses)."""
        return [record for _unused, record in self.cloud.store.list(MESSAGE)]

    # ---- Tags

    def tag_resource(self, request: Request) -> Answer:
        arn, topic = self._tagged(request)
        tags = {**topic["tags"], **{tag["Key"]: tag["Value"] for tag in request.parameters["Tags"]}}
        self.cloud.store.put(TOPIC, arn, {**topic, "tags": tags})
        return {}

    def untag_resource(self, request: Request) -> Answer:
        arn, topic = self._tagged(request)
        gone = set(request.parameters["TagKeys"])
        self.cloud.store.put(TOPIC, arn, {**topic, "tags": {key: value for key, value in topic["tags"].items() if key not in gone}})
        return {}

    def list_tags_for_resource(self, request: Request) -> Answer:
        _unused, topic = self._tagged(request)
        return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(topic["tags"].items())]}

    def _tagged(self, request: Request) -> tuple[str, Record]:
        arn = str(request.parameters["ResourceArn"])
        self._authorized(request, arn)
        topic = self.cloud.store.get(TOPIC, arn)
        if topic is None:
            raise ApiError("ResourceNotFound", "Resource does not exist")
        return arn, topic

    # ---- What they share

    def _topic(self, request: Request) -> tuple[str, Record]:
        arn = str(request.parameters["TopicArn"])
        self._authorized(request, arn)
        topic = self.cloud.store.get(TOPIC, arn)
        if topic is None:
            raise ApiError("NotFound", "Topic does not exist")
        return arn, topic

    def _authorized(self, request: Request, arn: str) -> None:
        self.cloud.authorize(request, f"sns:{request.operation}", arn)

    def _check(self, name: str, value: str) -> None:
        if name not in _SETTABLE:
            raise _not_implemented(f"the attribute {name} of a topic")
        if name == "Policy" and value:
            try:
                document = json.loads(value)
            except ValueError:
                document = None
            if not isinstance(document, dict) or not policy.statements(document):
                raise _invalid("Policy Error: null")

    def _default_policy(self, arn: str) -> str:
        verbs = (
            "GetTopicAttributes SetTopicAttributes AddPermission RemovePermission DeleteTopic Subscribe ListSubscriptionsByTopic Publish"
        )
        statement = {
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [f"SNS:{verb}" for verb in verbs.split()],
            "Resource": arn,
            "Condition": {"StringEquals": {"AWS:SourceOwner": self.cloud.settings.account}},
        }
        return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})


def _page(request: Request, member: str, entries: list[dict[str, str]]) -> Answer:
    """A hundred at a time; the token is the number of those that were shown."""
    token = request.parameters.get("NextToken", "0")
    if not token.isdigit():
        raise _invalid("NextToken")
    end = int(token) + _PAGE
    return {member: entries[int(token) : end], **({"NextToken": str(end)} if end < len(entries) else {})}


def _invalid(what: str) -> ApiError:
    return ApiError("InvalidParameter", f"Invalid parameter: {what}")


def _not_implemented(what: str) -> ApiError:
    return ApiError("NotImplemented", f"The local cloud does not implement {what}.", status=501)
