#!/usr/bin/python
# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: stack_bucket
short_description: Delete a bucket with all versions of all that is in it
version_added: 0.1.0
author:
  - energytwin.aws contributors (@energytwin)
description:
  - CloudFormation does not delete a bucket that holds anything, and no bucket goes while there are versions or delete markers in it.
  - Objects that were there before the bucket had versions have the version C(null), which M(amazon.aws.s3_bucket) leaves behind. So has the bucket
    of a workspace that was made with the original energy monitoring template.
  - A run that was stopped is finished by the next one.
extends_documentation_fragment:
  - energytwin.aws.attributes
  - energytwin.aws.attributes.actiongroup_energytwin
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
options:
  name:
    description: The name of the bucket.
    type: str
    required: true
  state:
    description: The bucket is not to be there.
    type: str
    choices: [absent]
    default: absent
seealso:
  - module: amazon.aws.s3_bucket
"""

EXAMPLES = r"""
- name: Delete the bucket of a workspace that is gone
  energytwin.aws.stack_bucket:
    name: example-plant-twinmakers3-1a2b3c4d5e6f
    state: absent
"""

RETURN = r"""
versions:
  description: How many versions and delete markers were deleted. In check mode they are not counted.
  returned: always
  type: int
  sample: 12
diff:
  description: The bucket as it is and as it will be.
  returned: always
  type: dict
  contains:
    before:
      description: As it is. Empty if it is not there.
      type: dict
      returned: always
      sample: {bucket: example-plant-twinmakers3-1a2b3c4d5e6f}
    after:
      description: Empty.
      type: dict
      returned: always
      sample: {}
"""

import typing as t

from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from ansible_collections.energytwin.aws.plugins.module_utils._aws import connect, run
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused, as_diff
from ansible_collections.energytwin.aws.plugins.module_utils._stack import api

Answer = dict[str, t.Any]


def empty(client: t.Any, bucket: str) -> int:
    """Deletes every version of everything, by pages; gives how many there were. Raises Refused."""
    count = 0
    # What was deleted is listed no more, so that each page is the first one.
    while versions := api.first_versions(client, bucket) or []:
        refused = api.delete_versions(client, bucket, versions) or []
        if refused:
            first = refused[0]
            raise Refused(
                f"Failed to delete {len(refused)} of {len(versions)} versions of bucket '{bucket}', of which the first is '{first['Key']}':"
                f" {first.get('Message', 'AWS gave no reason').rstrip('.')} ({first.get('Code', '')}); mend that (a bucket policy, an object lock"
                " or a lack of the permission s3:DeleteObjectVersion), and run again."
            )
        count += len(versions)
    return count


def work(module: AnsibleAWSModule) -> Answer:
    client, bucket = connect(module, "s3"), module.params["name"]
    if api.first_versions(client, bucket) is None:
        return {"changed": False, "versions": 0, "diff": as_diff({}, {})}
    count = 0
    if not module.check_mode:
        count = empty(client, bucket)
        api.delete_bucket(client, bucket)
    return {"changed": True, "versions": count, "diff": as_diff({"bucket": bucket}, {})}


def main() -> None:
    module = AnsibleAWSModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "state": {"type": "str", "choices": ["absent"], "default": "absent"},
        },
        supports_check_mode=True,
    )
    run(module, work)


if __name__ == "__main__":
    main()
