# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a module's options to the two stores."""

from __future__ import annotations

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect
from ansible_collections.energytwin.aws.plugins.module_utils._migration import dynamodb, timestream
from ansible_collections.energytwin.aws.plugins.module_utils._migration.dynamodb import DynamoDb
from ansible_collections.energytwin.aws.plugins.module_utils._migration.store import Nothing, Store
from ansible_collections.energytwin.aws.plugins.module_utils._migration.timestream import Timestream
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

OTHER = {"dynamodb": "timestream", "timestream": "dynamodb"}


def stores(module: AnsibleAWSModule) -> tuple[Store, Store]:
    """Source and destination. Refused if one is not there; in check mode the destination may be missing."""
    makers = {"dynamodb": _dynamodb, "timestream": _timestream}
    found = {kind: maker(module) for kind, maker in makers.items()}
    source, destination = found[module.params["source"]], found[OTHER[module.params["source"]]]
    for store in (source, destination):
        if isinstance(store, Nothing) and not (store is destination and module.check_mode):
            raise Refused(
                f"{store.name[0].upper()}{store.name[1:]} is not there; deploy the stack with both stores first (role stack, stack_also_store),"
                " or correct its name."
            )
    return source, destination


def _client(module: AnsibleAWSModule, service: str) -> t.Any:
    """A client that slows down by itself when AWS throttles it: a migration is long, and others use the tables, too."""
    return connect(module, service, module.params["concurrency"] + 1, retries={"mode": "adaptive", "max_attempts": 10})


def _dynamodb(module: AnsibleAWSModule) -> Store:
    client, table = _client(module, "dynamodb"), module.params["dynamodb_table"]
    found = dynamodb.describe(client, table)
    if found is None:
        return Nothing(f"the DynamoDB table {table}")
    identity = f"{found['TableArn']} {found['CreationDateTime'].isoformat()}"
    return DynamoDb(client, table, identity, module.params["retention_days"])


def _timestream(module: AnsibleAWSModule) -> Store:
    writer = _client(module, "timestream-write")
    database, table = module.params["timestream_database"], module.params["timestream_table"]
    found = timestream.describe(writer, database, table)
    if found is None:
        return Nothing(f"the Timestream table {database}.{table}")
    identity = f"{found['Arn']} {found['CreationTime'].isoformat()}"
    return Timestream(writer, _client(module, "timestream-query"), database, table, identity)
