"""Time a bake against an empty template's, whole processes, one after the other in turn.

Run by hand: `uv run python tests/benchmarks/bench_bake.py [rounds]`. The target is a ratio of 3.
Each ratio is the median of the rounds' own ratios, so that a slow moment is everyone's. Compiled
bytecode halves the empty template's time and not the work of a bake, so the ratio is higher with
it: the table says which of the two was measured.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TEMPLATE = Path(__file__).parents[2]


def make_empty_template(folder: Path) -> Path:
    """Write a template of one file and two answers, without hooks."""
    project = folder / "{{cookiecutter.slug}}"
    project.mkdir(parents=True)
    answers = json.dumps({"name": "Empty", "slug": "empty"})
    (folder / "cookiecutter.json").write_text(answers, encoding="utf-8")
    (project / "README.md").write_text("# {{ cookiecutter.name }}\n", encoding="utf-8")
    return folder


def time_bake_s(template: Path, *options: str) -> float:
    """Return the wall time of one `cookiecutter` process, in seconds."""
    with tempfile.TemporaryDirectory() as output:
        command = [sys.executable, "-m", "cookiecutter", str(template), "--no-input"]
        started = time.perf_counter()
        subprocess.run([*command, "-o", output, *options], check=True, capture_output=True)
        return time.perf_counter() - started


def main() -> None:
    """Print the medians and their ratios to the empty template."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        cases = {
            "empty template": (make_empty_template(Path(folder, "empty")),),
            "this template, no hooks": (TEMPLATE, "--accept-hooks", "no"),
            "this template": (TEMPLATE,),
        }
        times_s: dict[str, list[float]] = {name: [] for name in cases}
        for turn in range(rounds + 1):
            for name, arguments in cases.items():
                taken_s = time_bake_s(*arguments)
                if turn:  # the first one warms the file cache
                    times_s[name].append(taken_s)
    empty_s = times_s["empty template"]
    bytecode = "without" if sys.dont_write_bytecode else "with"
    print(f"| {rounds} rounds, {bytecode} bytecode | median ms | fastest ms | ratio |")
    print("|---|---|---|---|")
    for name, taken in times_s.items():
        ratios = [own_s / other_s for own_s, other_s in zip(taken, empty_s, strict=True)]
        middle_ms, fastest_ms = statistics.median(taken) * 1000, min(taken) * 1000
        print(f"| {name} | {middle_ms:.0f} | {fastest_ms:.0f} | {statistics.median(ratios):.2f} |")


if __name__ == "__main__":
    main()
