"""How many processors this process may use, which in a container are fewer than the machine's."""

import os
from collections.abc import Iterator
from contextlib import suppress
from math import inf
from pathlib import Path

ROOT = Path("/")
CGROUPS = "sys/fs/cgroup"
# Version 2 of control groups has one tree, which is mounted beside version 1's on older systems.
UNIFIED = ("", "unified")
TIME = ("cpu", "cpu,cpuacct", "cpuacct,cpu")


def available(root: Path = ROOT) -> float:
    """Return how many processors this process may use: 0.5 for half the time of one.

    It is the least of the process's affinity and of the quotas and sets of its control groups.

    Args:
        root: of the file system with /proc and /sys.
    """
    return min(_affinity(), _quota(root), _set_size(root))


def whole(processors: float) -> int:
    """Return how many threads can run at the same time: at least one."""
    return max(1, int(processors))


def _affinity() -> float:
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota(root: Path) -> float:
    """Return the smallest quota of the process's control groups, in processors."""
    quotas = [inf]
    for folder in _groups(root, UNIFIED, ""):
        quota, _, period = _read(folder / "cpu.max").partition(" ")
        quotas.append(_ratio(quota, period))
    for folder in _groups(root, TIME, "cpu"):
        quota, period = (_read(folder / f"cpu.cfs_{name}_us") for name in ("quota", "period"))
        quotas.append(_ratio(quota, period))
    return min(quotas)


def _set_size(root: Path) -> float:
    """Return the size of the smallest set of processors of the process's control groups."""
    sets = [_read(each / "cpuset.cpus.effective") for each in _groups(root, UNIFIED, "")]
    sets += [_read(each / "cpuset.cpus") for each in _groups(root, ("cpuset",), "cpuset")]
    return min(map(_count, sets), default=inf)


def _groups(root: Path, mounts: tuple[str, ...], controller: str) -> Iterator[Path]:
    """Yield the folders of the process's control group and of those above it.

    In a container, its own group may be mounted at the top, while its path is the machine's: what
    does not exist is read as empty.
    """
    for line in _read(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if not path or controller not in controllers.split(","):
            continue
        for mount in mounts:
            folder = top = root / CGROUPS / mount
            yield top
            for part in path.split("/"):
                if part not in ("", ".."):
                    folder /= part
                    yield folder


def _ratio(quota: str, period: str) -> float:
    """Return a quota in processors; infinity for none, which is written as "max" or -1."""
    with suppress(ValueError, ZeroDivisionError):
        ratio = int(quota) / int(period)
        return ratio if ratio > 0 else inf
    return inf


def _count(processors: str) -> float:
    """Return the size of a set such as "0-3,8"; infinity for one that says nothing."""
    with suppress(ValueError):
        bounds = [each.partition("-") for each in processors.split(",")]
        return sum(int(last or first) - int(first) + 1 for first, _, last in bounds)
    return inf


def _read(path: Path) -> str:
    """Return a file's text; "" if it cannot be read."""
    with suppress(OSError, UnicodeDecodeError):
        return path.read_text(encoding="utf-8").strip()
    return ""
