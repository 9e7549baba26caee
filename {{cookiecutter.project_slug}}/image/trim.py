"""Takes out of the image's environment what the service never reads: half of its size.

    python trim.py /venv

The tests in tests/e2e/container run every command and every route on what is left.
"""

import argparse
import re
import shutil
import struct
import sys
from collections.abc import Iterator, Set
from importlib.metadata import Distribution, distributions
from pathlib import Path

# What a package says it needs, and imports only to convert, to draw or to download. Take a line out
# when the service comes to need it.
NOT_NEEDED = {
    ("onnxruntime", "flatbuffers"),
    ("onnxruntime", "protobuf"),
    ("tokenizers", "huggingface-hub"),
}
PATHS = (
    "**/tests",
    "**/*.pyi",
    # What compiles against a library, or what it was compiled from.
    *("**/*.a", "**/*.c", "**/*.cpp", "**/*.h", "**/*.pxd", "**/*.pyx"),
    "fastapi_offline/static/redoc*",  # the service has Swagger's page only
    "numpy/_core/*_tests.*.so",
    "numpy/_core/_simd.*.so",  # for tests too
    # The whole library once more, for programs in C: Python's module has its own.
    "onnxruntime/capi/libonnxruntime.so*",
    *("onnxruntime/datasets", "onnxruntime/quantization"),
    *("onnxruntime/tools", "onnxruntime/transformers"),
    "pygments/lexers/[!_]*",  # each colours one language; nothing is coloured here
    "pygments/lexers/_*_builtins.py",
)
KEPT = ("pygments/lexers/python.py",)

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")  # of a file in ELF's 64-bit form
SEGMENT = struct.Struct("<IIQQQQQQ")
ELF = b"\x7fELF\x02\x01"


def main() -> None:
    """Trim an environment, and say what it was worth."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("environment", type=Path)
    (packages,) = parser.parse_args().environment.glob("lib/python*/site-packages")
    before = size_bytes(packages)
    trim(packages)
    after = size_bytes(packages)
    sys.stdout.write(f"{before / 1e6:.0f} MB of packages trimmed to {after / 1e6:.0f} MB\n")


def trim(packages: Path) -> None:
    """Take out of a folder of packages what is not needed, and the symbols of what is."""
    for distribution in superfluous(packages):
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
    for path in list(packages.rglob("*.so")):
        cut(path)


def superfluous(packages: Path) -> list[Distribution]:
    """Return what is installed for the sake of packages that do not really need it."""
    installed = {name_of(each.name): each for each in distributions(path=[str(packages)])}
    needs = {name: set(needed_by(each)) & installed.keys() for name, each in installed.items()}
    roots = installed.keys() - set().union(*needs.values())
    doubted = {needed for name, needed in NOT_NEEDED if needed in needs.get(name, ())}
    doubted = closure(doubted, needs)
    for name, needed in NOT_NEEDED:
        needs.get(name, set()).discard(needed)
    return [installed[name] for name in sorted(doubted - closure(roots, needs))]


def needed_by(distribution: Distribution) -> Iterator[str]:
    """Yield the names of what a package needs, without its extras."""
    for requirement in distribution.requires or ():
        name = re.match(r"[\w.-]+", requirement)
        if name and not re.search(r"\bextra\b", requirement.partition(";")[2]):
            yield name_of(name[0])


def name_of(spelled: str) -> str:
    """Return a package's name as registries spell it."""
    return re.sub(r"[-_.]+", "-", spelled).lower()


def closure(names: Set[str], needs: dict[str, set[str]]) -> set[str]:
    """Return some packages with all that they need, and what that needs."""
    reached: set[str] = set()
    fresh = set(names)
    while fresh:
        reached |= fresh
        fresh = set().union(*(needs[name] for name in fresh)) - reached
    return reached


def cut(path: Path) -> None:
    """Cut off what follows a library's last segment: symbols and sections, for debuggers only.

    Nothing in front of that moves. `strip` moves segments, and breaks libraries that were packed
    for wheels; besides, the image would need it.
    """
    content = path.read_bytes()
    if not content.startswith(ELF):
        return
    header = list(HEADER.unpack_from(content))
    table, length, count = header[5], header[9], header[10]
    segments = [SEGMENT.unpack_from(content, table + i * length) for i in range(count)]
    ends = [segment[2] + segment[5] for segment in segments]  # where it begins, and its length
    header[6], header[11:] = 0, (0, 0, 0)  # there is no table of sections any more
    fresh = path.with_name(f".{path.name}")  # another name of the same file stays what it is
    fresh.write_bytes(HEADER.pack(*header) + content[HEADER.size : max(ends)])
    shutil.copymode(path, fresh)
    fresh.replace(path)


def size_bytes(folder: Path) -> int:
    """Return how large the files of a folder are together."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
