# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``python -m local_cloud.directory --home HOME USER...``: makes the users that IAM Identity Center's directory does not have.

A company's directory fills itself from elsewhere; the local one has nobody until it is told. It is a client like any other.
"""

from __future__ import annotations

import argparse
import collections.abc as c
import json
import pathlib
import sys
import typing as t

import boto3
import botocore.exceptions

from local_cloud import runfiles

_KEYS: t.Final = {"aws_access_key_id": "local-cloud", "aws_secret_access_key": "local-cloud"}


def main(arguments: c.Sequence[str] | None = None) -> int:
    """Prints {"changed": whether there were any, "made": their names}. Exit code: 0 done, 2 failed, with one sentence."""
    parser = argparse.ArgumentParser(prog="local_cloud.directory", description="Make the users that the directory does not have.")
    parser.add_argument("--home", type=pathlib.Path, required=True, help="folder of the cloud's data")
    parser.add_argument("--region", required=True, help="the region of the cloud")
    parser.add_argument("--dry-run", action="store_true", help="only say who would be made")
    parser.add_argument("users", nargs="*", metavar="USER", help="user name")
    options = parser.parse_args(arguments)
    server = runfiles.running(options.home.expanduser().resolve())
    if server is None and not options.dry_run:
        print("local-cloud: The local cloud is not running; start it first.", file=sys.stderr)
        return 2
    try:
        made = options.users if server is None else _make(server.endpoint, options.region, options.users, options.dry_run)
    except (botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError) as error:
        print(f"local-cloud: The users could not be made: {error}", file=sys.stderr)
        return 2
    print(json.dumps({"changed": bool(made), "made": made}))
    return 0


def _make(endpoint: str, region: str, users: c.Sequence[str], dry_run: bool) -> list[str]:
    """Who was missing."""
    store = _client("sso-admin", endpoint, region).list_instances()["Instances"][0]["IdentityStoreId"]
    directory = _client("identitystore", endpoint, region)
    there = {user["UserName"] for page in directory.get_paginator("list_users").paginate(IdentityStoreId=store) for user in page["Users"]}
    missing = [user for user in dict.fromkeys(users) if user not in there]
    for user in [] if dry_run else missing:
        given, _dot, family = user.partition(".")
        name = {"GivenName": given, "FamilyName": family or given}
        directory.create_user(IdentityStoreId=store, UserName=user, DisplayName=user, Name=name)
    return missing


def _client(service: str, endpoint: str, region: str) -> t.Any:
    return boto3.client(service, endpoint_url=endpoint, region_name=region, **_KEYS)


if __name__ == "__main__":
    sys.exit(main())
