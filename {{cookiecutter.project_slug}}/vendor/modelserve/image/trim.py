"""Delete files from the image's environment that the service never reads: half of its size.

    python trim.py /venv

Whole files and packages are deleted, and none is changed: what is left has the hashes that its
wheel lists. The library's container tests run every command and every route on it.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Iterator, Set
from importlib.metadata import Distribution, distributions
from pathlib import Path

# Requirements that a package imports only to convert, to plot or to download. Delete a line when
# the service needs its package.
NOT_NEEDED = {
    *(("onnxruntime", "flatbuffers"), ("onnxruntime-gpu", "flatbuffers")),
    *(("onnxruntime", "protobuf"), ("onnxruntime-gpu", "protobuf")),
    ("tokenizers", "huggingface-hub"),
}
PATHS = (
    "**/tests",
    "**/*.pyi",
    # headers and sources
    *("**/*.a", "**/*.c", "**/*.cpp", "**/*.h", "**/*.pxd", "**/*.pyx"),
    "fastapi_offline/static/redoc*",  # the service has Swagger's page only
    "numpy/_core/*_tests.*.so",
    "numpy/_core/_simd.*.so",  # for tests as well
    *("numpy/distutils", "numpy/f2py"),  # compile extensions
    # A second copy of the library for programs in C; Python's module contains its own.
    "onnxruntime/capi/libonnxruntime.so*",
    *("onnxruntime/datasets", "onnxruntime/quantization"),
    *("onnxruntime/tools", "onnxruntime/transformers"),
    "pygments/lexers/[!_]*",  # each highlights one language; nothing is highlighted here
    "pygments/lexers/_*_builtins.py",
)
KEPT = ("pygments/lexers/python.py",)


def main() -> None:
    """Trim an environment, and print its size before and after."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("environment", type=Path)
    (packages,) = parser.parse_args().environment.glob("lib/python*/site-packages")
    before = size_bytes(packages)
    trim(packages)
    after = size_bytes(packages)
    sys.stdout.write(f"{before / 1e6:.0f} MB of packages trimmed to {after / 1e6:.0f} MB\n")


def trim(packages: Path) -> None:
    """Delete from a folder of packages what is not needed."""
    for distribution in unneeded(packages):
        for file in distribution.files or ():
            Path(str(distribution.locate_file(file))).resolve().unlink(missing_ok=True)
    kept = {packages / name for name in KEPT}
    for pattern in PATHS:
        for path in set(packages.glob(pattern)) - kept:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    for path in sorted(packages.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def unneeded(packages: Path) -> list[Distribution]:
    """Return the distributions that only packages in NOT_NEEDED require."""
    installed = {normalize(each.name): each for each in distributions(path=[str(packages)])}
    needs = {name: set(requirements(each)) & installed.keys() for name, each in installed.items()}
    roots = installed.keys() - set().union(*needs.values())
    candidates = {needed for name, needed in NOT_NEEDED if needed in needs.get(name, ())}
    candidates = closure(candidates, needs)
    for name, needed in NOT_NEEDED:
        needs.get(name, set()).discard(needed)
    return [installed[name] for name in sorted(candidates - closure(roots, needs))]


def requirements(distribution: Distribution) -> Iterator[str]:
    """Yield the names of the packages that one requires, without its extras."""
    for requirement in distribution.requires or ():
        name = re.match(r"[\w.-]+", requirement)
        if name and not re.search(r"\bextra\b", requirement.partition(";")[2]):
            yield normalize(name[0])


def normalize(name: str) -> str:
    """Return the normalized name of a package."""
    return re.sub(r"[-_.]+", "-", name).lower()


def closure(names: Set[str], needs: dict[str, set[str]]) -> set[str]:
    """Return some packages with everything that they require, directly or not."""
    reached: set[str] = set()
    fresh = set(names)
    while fresh:
        reached |= fresh
        fresh = set().union(*(needs[name] for name in fresh)) - reached
    return reached


def size_bytes(folder: Path) -> int:
    """Return the total size of the files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
