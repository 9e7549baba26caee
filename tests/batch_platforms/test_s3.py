"""A batch job from S3 to S3, through s3fs, against a server that plays S3."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from modelserve.artifact import GOLDEN

from tests.engine.families import LIBRARY, Family, assemble
from tests.sagemaker.conftest import server

__all__ = ["server"]  # a fixture

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
BUCKET = "lake"
RUNS_WITHIN_S = 120
KEYS = {"AWS_ACCESS_KEY_ID": "nobodys", "AWS_DEFAULT_REGION": "eu-west-1"}
MANY = 20_000  # times the rows of a file that takes longer than the time to the kill


@pytest.fixture(scope="module")
def family(tmp_path_factory: pytest.TempPathFactory) -> Family:
    """Return a trained project."""
    family = assemble("iris", tmp_path_factory.mktemp("s3") / "project")
    assert family.artifact  # it is trained when it is first asked for
    return family


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the interpreter of an environment with s3fs, whose pins exclude those of moto."""
    folder = tmp_path_factory.mktemp("environment") / "s3"
    interpreter = str(folder / "bin" / "python")
    for command in (
        ["uv", "venv", "--quiet", "--python", sys.executable, str(folder)],
        ["uv", "pip", "install", "-q", "--python", interpreter, f"{LIBRARY}[storage]", "s3fs"],
    ):
        subprocess.run(command, check=True, timeout=RUNS_WITHIN_S)
    return interpreter


@pytest.fixture
def bucket(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return an empty bucket."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobodys")
    found = boto3.resource("s3", endpoint_url=server).Bucket(BUCKET)
    found.create(CreateBucketConfiguration={"LocationConstraint": KEYS["AWS_DEFAULT_REGION"]})
    yield found
    found.objects.delete()
    found.delete()


@pytest.fixture
def start(python: str, family: Family, server: str) -> Callable[..., subprocess.Popen[str]]:
    """Return a way to start a shard."""

    def begin(index: int, *words: str) -> subprocess.Popen[str]:
        command = [python, "-m", family.package, "batch", f"s3://{BUCKET}/rows/"]
        command += [f"s3://{BUCKET}/answers/", "--shard-count=2", f"--shard-index={index}", *words]
        environment = {
            **{"PATH": os.environ["PATH"], "PYTHONPATH": family.python_path},
            **KEYS,
            **{"AWS_SECRET_ACCESS_KEY": "nobodys", "AWS_ENDPOINT_URL": server},
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, env=environment, cwd=family.root, stdout=pipe, stderr=pipe, text=True
        )

    return begin


def finish(process: subprocess.Popen[str]) -> tuple[int | None, str]:
    """Return the exit code of a shard, and what it printed."""
    try:
        out, err = process.communicate(timeout=RUNS_WITHIN_S)
    finally:
        process.kill()
    return process.returncode, out + err


def put(bucket: Any, family: Family, times: int = 1) -> int:
    """Write rows to two files; return how many there are."""
    golden = [case["input"] for case in family.artifact.read_json(GOLDEN)]
    lines = "".join(f"{json.dumps(row)}\n" for row in golden)
    bucket.put_object(Key="rows/a.jsonl", Body=lines * times)
    bucket.put_object(Key="rows/b.jsonl", Body=lines * times)
    return 2 * times * len(golden)


def names(bucket: Any) -> list[str]:
    """Return the names of the answers' files."""
    return sorted(Path(each.key).name for each in bucket.objects.filter(Prefix="answers/"))


def test_shards_in_s3_are_answered_once(
    bucket: Any, start: Callable[..., subprocess.Popen[str]], family: Family
) -> None:
    rows = put(bucket, family)
    assert [finish(start(index))[0] for index in range(2)] == [0, 0]
    found = names(bucket)
    assert found[0] == "_SUCCESS"
    assert found[-2:] == ["part-00000-of-00002.jsonl", "part-00001-of-00002.jsonl"]
    assert len(found) == 5
    bodies = [bucket.Object(f"answers/{name}").get()["Body"].read() for name in found[-2:]]
    lines = [json.loads(line) for body in bodies for line in body.splitlines()]
    assert [line["file"] for line in lines] == ["a.jsonl"] * (rows // 2) + ["b.jsonl"] * (rows // 2)
    code, said = finish(start(1))
    assert (code, "shard 1 is complete" in said) == (0, True)
    code, said = finish(start(0, "--keep=none"))
    assert (code, "has shards of another job" in said) == (2, True)


def test_a_killed_shard_leaves_nothing_in_s3(
    bucket: Any, start: Callable[..., subprocess.Popen[str]], family: Family
) -> None:
    put(bucket, family, MANY)
    process = start(0)
    time.sleep(2)  # most likely it answers; whenever it is killed, no answer may be there
    process.kill()
    assert process.wait(RUNS_WITHIN_S) == -9
    process.communicate()
    assert names(bucket) == []
    assert finish(start(0))[0] == 0
    assert "part-00000-of-00002.jsonl" in names(bucket)


def test_wrong_buckets_and_credentials_are_named(
    server: str, start: Callable[..., subprocess.Popen[str]]
) -> None:
    assert server
    code, said = finish(start(0))
    assert code == 2
    assert said.startswith(f"error: s3://{BUCKET}/rows/ ")
    assert "Traceback" not in said
