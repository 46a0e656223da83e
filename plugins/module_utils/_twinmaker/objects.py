# Copyright (c) 2026 the energytwin.aws contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files and the S3 objects that they become: compared by SHA-256, sent only if they differ.

The SHA-256 of the whole content goes into an object's metadata (key ``sha256``), because S3's own checksum of an object that
was sent in parts is one of the parts' checksums.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import datetime
import functools
import hashlib
import mimetypes
import os
import re
import threading
import time
import typing as t

try:
    from boto3.exceptions import S3UploadFailedError
    from boto3.s3.transfer import TransferConfig
except ImportError:
    pass  # AnsibleAWSModule says so

from ansible_collections.energytwin.aws.plugins.module_utils._aws import api_call, api_lookup
from ansible_collections.energytwin.aws.plugins.module_utils._plan import Refused

Answer = dict[str, t.Any]

METADATA_KEY = "sha256"
DIGEST = re.compile(r"[0-9a-f]{64}")
READ_BYTES = 1024 * 1024
# A transfer holds at most this much per thread in memory.
PART_BYTES = 8 * 1024 * 1024
THREADS = 4
REPORT_SECONDS = 5.0
MAX_KEY_BYTES = 1024
MEBIBYTE = 1024 * 1024
CONTENT_TYPES = {".glb": "model/gltf-binary", ".gltf": "model/gltf+json", ".json": "application/json", ".bin": "application/octet-stream"}
Report = c.Callable[[str], None]


class Location(t.NamedTuple):
    """Where an object is."""

    bucket: str
    key: str

    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def location(url: str) -> Location:
    """From ``s3://bucket/key``."""
    bucket, _slash, key = url[len("s3://") :].partition("/")
    return Location(bucket, key)


@dataclasses.dataclass(frozen=True)
class Content:
    """What an object is to hold: a file, or a text. sizes in bytes, digests in hexadecimal."""

    body: bytes | None = None
    path: str = ""

    @functools.cached_property
    def _measured(self) -> tuple[int, str, str, tuple[int, int] | None]:
        sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        if self.body is not None:
            sha256.update(self.body)
            md5.update(self.body)
            return len(self.body), sha256.hexdigest(), md5.hexdigest(), None
        try:
            stamp = self._stamp()
            with open(self.path, "rb") as file:
                size = 0
                while part := file.read(READ_BYTES):
                    size += len(part)
                    sha256.update(part)
                    md5.update(part)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        return size, sha256.hexdigest(), md5.hexdigest(), stamp

    def _stamp(self) -> tuple[int, int]:
        status = os.stat(self.path)
        return status.st_size, status.st_mtime_ns

    @property
    def size(self) -> int:
        return self._measured[0]

    @property
    def sha256(self) -> str:
        return self._measured[1]

    @property
    def md5(self) -> str:
        return self._measured[2]

    def check_unchanged(self) -> None:
        """Raises Refused if the file was written to since it was measured."""
        if self.body is None and self._stamp() != self._measured[3]:
            raise Refused(f"The file '{self.path}' was changed while it was uploaded; run again when it is complete.")


def read_file(path: str) -> bytes:
    """The whole content of a file. For texts, not for models."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: str, error: OSError) -> Refused:
    return Refused(f"The file '{path}' cannot be read: {error.strerror}; check the path and its permissions.")


def files_of(src: str, key: str | None, where: str) -> dict[str, str]:
    """{key: path} for a file (by default under its own name) or for all files of a folder (below the key). where: names the option."""
    if os.path.isdir(src):
        prefix = f"{key.strip('/')}/" if key and key.strip("/") else ""
        paths = [os.path.join(folder, name) for folder, _folders, names in os.walk(src) for name in names]
        if not paths:
            raise Refused(f"{where}: the folder '{src}' has no files; check the path.")
        return {prefix + os.path.relpath(path, src).replace(os.sep, "/"): path for path in sorted(paths)}
    if not os.path.isfile(src):
        raise Refused(f"{where}: there is no file '{src}' on the machine that runs the module; check the path.")
    name = key or os.path.basename(src)
    if name.startswith("/") or name.endswith("/") or len(name.encode()) > MAX_KEY_BYTES:
        raise Refused(f"{where}: the key '{name}' cannot be used; give one of up to {MAX_KEY_BYTES} bytes without a slash at either end.")
    return {name: src}


def is_same(stored: Answer | None, content: Content) -> bool:
    """Whether an object (HeadObject's answer) holds the content.

    An object that others have put has no digest of ours. Its ETag is the MD5 of the content if it was sent in one part
    and is not encrypted by KMS; otherwise it counts as different.
    """
    if stored is None or stored.get("ContentLength") != content.size:
        return False
    if digest := own_digest(stored):
        return digest == content.sha256
    return str(stored.get("ETag", "")).strip('"') == content.md5


def own_digest(stored: Answer) -> str:
    """The SHA-256 that we have left with an object; empty if there is none."""
    digest = str((stored.get("Metadata") or {}).get(METADATA_KEY, ""))
    return digest if DIGEST.fullmatch(digest) else ""


def described(content: Content) -> str:
    """A content as a diff shows it."""
    return f"sha256 {content.sha256}, {content.size} bytes"


def described_stored(stored: Answer, content: Content, same: bool) -> str:
    """An object as a diff shows it."""
    if same:
        return described(content)
    digest = own_digest(stored)
    return f"{f'sha256 {digest}' if digest else 'another content'}, {stored.get('ContentLength')} bytes"


@api_lookup("look at s3://{bucket}/{key}", missing="404")
def head(client: t.Any, bucket: str, key: str) -> Answer:
    return t.cast(Answer, client.head_object(Bucket=bucket, Key=key))


@api_lookup("read s3://{bucket}/{key}", missing="NoSuchKey")
def read(client: t.Any, bucket: str, key: str) -> bytes:
    """The whole content. For texts, not for models."""
    return t.cast(bytes, client.get_object(Bucket=bucket, Key=key)["Body"].read())


@api_call("delete s3://{bucket}/{key}")
def delete(client: t.Any, bucket: str, key: str) -> None:
    client.delete_object(Bucket=bucket, Key=key)


@api_call("download s3://{bucket}/{key}")
def download(client: t.Any, bucket: str, key: str, path: str, report: Report) -> None:
    """Writes an object to a file, in parts if it is big."""
    client.download_file(bucket, key, path, Config=_transfer(), Callback=Progress(f"s3://{bucket}/{key}", None, report))


def keys_below(client: t.Any, bucket: str, prefix: str) -> list[str]:
    """The keys of all objects below a prefix."""
    return list(stamps_below(client, bucket, prefix))


def stamps_below(client: t.Any, bucket: str, prefix: str) -> dict[str, datetime.datetime]:
    """When each object below a prefix was written last, by key."""
    found: dict[str, datetime.datetime] = {}
    request: Answer = {}
    while True:
        answer = _keys_page(client, bucket, prefix, request)
        found.update((item["Key"], item["LastModified"]) for item in answer.get("Contents", []) if not item["Key"].endswith("/"))
        if not answer.get("NextContinuationToken"):
            return found
        request = {"ContinuationToken": answer["NextContinuationToken"]}


@api_call("list s3://{bucket}/{prefix}")
def _keys_page(client: t.Any, bucket: str, prefix: str, request: Answer) -> Answer:
    return t.cast(Answer, client.list_objects_v2(Bucket=bucket, Prefix=prefix, **request))


def upload(client: t.Any, target: Location, content: Content, report: Report) -> None:
    """Sends a content, in parts if it is a big file. S3 verifies what arrives by SHA-256.

    report: takes a line about the progress every few seconds.
    """
    extra = {
        "Metadata": {METADATA_KEY: content.sha256},
        "ContentType": content_type(target.key),
        "ChecksumAlgorithm": "SHA256",
    }
    if content.body is not None:
        _put(client, target.bucket, target.key, content.body, extra)
        return
    _upload_file(client, target.bucket, target.key, content.path, extra, Progress(target.url(), content.size, report))
    content.check_unchanged()


@api_call("write s3://{bucket}/{key}")
def _put(client: t.Any, bucket: str, key: str, body: bytes, extra: Answer) -> None:
    client.put_object(Bucket=bucket, Key=key, Body=body, **extra)


@api_call("upload '{path}' to s3://{bucket}/{key}")
def _upload_file(client: t.Any, bucket: str, key: str, path: str, extra: Answer, progress: Progress) -> None:
    try:
        client.upload_file(path, bucket, key, ExtraArgs=extra, Config=_transfer(), Callback=progress)
    except S3UploadFailedError as error:
        # The client's own error is inside; it has the code.
        raise error.__context__ or error from error


def _transfer() -> TransferConfig:
    return TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=THREADS)


def content_type(key: str) -> str:
    suffix = os.path.splitext(key)[1].lower()
    return CONTENT_TYPES.get(suffix) or mimetypes.guess_type(key)[0] or "application/octet-stream"


class Progress:
    """Counts the bytes of a transfer, in whatever threads, and reports now and then. total: bytes; None: not known."""

    def __init__(self, name: str, total: int | None, report: Report, clock: c.Callable[[], float] = time.monotonic) -> None:
        self._name = name
        self._total = total
        self._report = report
        self._clock = clock
        self._lock = threading.Lock()
        self._done = 0
        self._reported = clock()

    def __call__(self, count: int) -> None:
        with self._lock:
            self._done += count
            now = self._clock()
            if now - self._reported < REPORT_SECONDS:
                return
            self._reported = now
            done = self._done
        of = f" of {self._total / MEBIBYTE:.0f}" if self._total is not None else ""
        self._report(f"{self._name}: {done / MEBIBYTE:.0f}{of} MiB")
