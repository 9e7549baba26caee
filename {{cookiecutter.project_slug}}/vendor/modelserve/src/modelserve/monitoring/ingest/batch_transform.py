"""Recognises what SageMaker's Batch Transform captures: lists of S3 objects instead of records."""

import re
from collections.abc import Iterable
from pathlib import Path

from ..gzip_stream import MAGIC, GzipStream

# A list of objects; or its output with GenerateInferenceId, in which inputs are missing.
FORMS = re.compile(rb'\A\s*\[\s*\{\s*"prefix"\s*:\s*"s3:|"SageMakerInferenceId"')
HEAD_BYTES = 2**12
MOST_FILES = 20  # that are looked into


def find_batch_transform(files: Iterable[Path]) -> Path | None:
    """Return the first file that Batch Transform has written, None without one."""
    for _, path in zip(range(MOST_FILES), files, strict=False):
        try:
            with path.open("rb") as raw:
                compressed = raw.read(len(MAGIC)) == MAGIC
                raw.seek(0)
                head = (GzipStream(raw) if compressed else raw).read(HEAD_BYTES)
        except OSError:
            continue
        if FORMS.search(head):
            return path
    return None
