"""Processors are those that the container has, not the machine's."""

import os
from collections.abc import Callable, Mapping
from math import inf
from pathlib import Path

import pytest
from modelserve import Project, processors
from modelserve.artifact import Artifact
from modelserve.batch import BatchPredictor
from modelserve.settings import Settings
from modelserve.types import Model

POD = "/kubepods/pod1/c1"
V2 = f"0::{POD}"
V1 = f"4:cpuset:{POD}\n3:cpu,cpuacct:{POD}\n0::/"

MakeRoot = Callable[[str, Mapping[str, str]], Path]


@pytest.fixture(autouse=True)
def _sixteen_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)


@pytest.fixture
def make_root(tmp_path: Path) -> MakeRoot:
    """Return a way to file systems with control groups: files by their path below the mount."""

    def make(groups: str, files: Mapping[str, str]) -> Path:
        content = {"proc/self/cgroup": groups}
        content |= {f"sys/fs/cgroup/{path}": text for path, text in files.items()}
        for path, text in content.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(f"{text}\n", encoding="utf-8")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        pytest.param(V2, {}, 16, id="no limit"),
        pytest.param(V2, {f"{POD}/cpu.max": "200000 100000"}, 2, id="quota"),
        pytest.param(V2, {f"{POD}/cpu.max": "50000 100000"}, 0.5, id="half a processor"),
        pytest.param(V2, {f"{POD}/cpu.max": "max 100000"}, 16, id="no quota"),
        pytest.param(V2, {f"{POD}/cpu.max": "3200000 100000"}, 16, id="more than there are"),
        pytest.param(
            V2,
            {f"{POD}/cpu.max": "800000 100000", "kubepods/pod1/cpu.max": "300000 100000"},
            3,
            id="quota of a group above",
        ),
        pytest.param(V2, {"cpu.max": "100000 100000"}, 1, id="own group at the top"),
        pytest.param("0::/../../c1", {"cpu.max": "400000 100000"}, 4, id="path above the mount"),
        pytest.param(V2, {f"{POD}/cpuset.cpus.effective": "0-2,5"}, 4, id="set"),
        pytest.param(V2, {f"{POD}/cpuset.cpus.effective": ""}, 16, id="empty set"),
        pytest.param(V2, {f"unified/{POD}/cpu.max": "300000 100000"}, 3, id="beside version 1"),
        pytest.param(
            V1,
            {
                f"cpu,cpuacct/{POD}/cpu.cfs_quota_us": "150000",
                f"cpu,cpuacct/{POD}/cpu.cfs_period_us": "100000",
            },
            1.5,
            id="quota of version 1",
        ),
        pytest.param(
            V1,
            {"cpu/cpu.cfs_quota_us": "600000", "cpu/cpu.cfs_period_us": "100000"},
            6,
            id="version 1 at the top",
        ),
        pytest.param(
            V1,
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            16,
            id="no quota of version 1",
        ),
        pytest.param(V1, {f"cpuset/{POD}/cpuset.cpus": "8-15"}, 8, id="set of version 1"),
        pytest.param(V2, {f"{POD}/cpu.max": "a lot"}, 16, id="unreadable quota"),
        pytest.param(V2, {f"{POD}/cpuset.cpus.effective": "all"}, 16, id="unreadable set"),
        pytest.param("no group", {"cpu.max": "100000 100000"}, 16, id="unreadable group"),
    ],
)
def test_the_smallest_limit_counts(
    make_root: MakeRoot, groups: str, files: Mapping[str, str], expected: float
) -> None:
    assert processors.available(make_root(groups, files)) == expected


def test_without_control_groups_the_affinity_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3, 5}, raising=False)
    assert processors.available(tmp_path) == 2


@pytest.mark.parametrize(("known", "expected"), [(8, 8), (None, 1)])
def test_elsewhere_than_on_linux_all_processors_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: int | None, expected: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: known)
    assert processors.available(tmp_path) == expected


def test_batch_prediction_uses_the_processors_of_the_container(
    project: Project, make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processors, "available", lambda: 3.7)
    asked = []

    class AskedService(project.service_class):  # type: ignore[misc, name-defined]
        """A service that keeps how many threads a call may use."""

        def load_model(self, artifact: Artifact, *, threads: int) -> Model:
            """Keep it."""
            asked.append(threads)
            return super().load_model(artifact, threads=1)  # type: ignore[no-any-return]

    BatchPredictor(AskedService(make_settings()))
    assert asked == [3]


def test_the_machine_itself_has_a_number() -> None:
    assert 0 < processors.available() < inf


@pytest.mark.parametrize(("number", "threads"), [(0.5, 1), (1.9, 1), (2, 2), (7.5, 7)])
def test_threads_are_whole(number: float, threads: int) -> None:
    assert processors.whole(number) == threads
