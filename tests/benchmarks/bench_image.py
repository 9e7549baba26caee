"""Measures a baked project's image against what a tutorial's Dockerfile makes, and its start.

    uv run python tests/benchmarks/bench_image.py [--rounds 7]

Needs Docker or Podman, or the engine that CONTAINER_ENGINE names. Sizes are uncompressed, and over
the base image, which both have. Each round starts everything once, so that a slow minute is
everyone's; a ratio is the rounds' median.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from statistics import median

from bench_service import Bench, free_port, show

# The same limits as in the project's own tests of its image.
HARDENED = ("--read-only", "--cap-drop", "ALL", "--memory", "512m")
NAIVE = """\
FROM {base}
WORKDIR /app
RUN pip install --no-cache-dir fastapi uvicorn scikit-learn pandas
COPY . .
CMD ["uvicorn", "naive:app", "--host", "0.0.0.0"]
"""
TEXT = ("torch==2.13.0", "transformers")


class Engine:
    """What builds images and runs containers; what it made is taken away in the end."""

    def __init__(self):
        """Find it, and build for its images' names."""
        names = [os.environ.get("CONTAINER_ENGINE"), "docker", "podman"]
        self.program = next((path for name in names if name and (path := shutil.which(name))), None)
        if self.program is None:
            sys.exit("there is no container engine; set CONTAINER_ENGINE to one")
        self.tags = []

    def run(self, *words):
        """Run a command, and return what it says."""
        environment = os.environ | {"BUILDAH_FORMAT": "docker"}
        done = subprocess.run(
            [self.program, *words], capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode:
            sys.exit(f"{' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout.strip()

    def build(self, folder, *options):
        """Build a folder's image; return its tag and the seconds that it took."""
        tag = f"bench:{uuid.uuid4().hex}"
        started = time.perf_counter()
        self.run("build", "--tag", tag, *options, str(folder))
        taken = time.perf_counter() - started
        self.tags.append(tag)
        return tag, taken

    def create(self, *words):
        """Make a container under the limits, and return its name; it does not run yet."""
        name = f"bench-{uuid.uuid4().hex}"
        self.run("create", "--name", name, *HARDENED, *words)
        return name

    def size_mb(self, tag):
        """Return an image's size, its base included."""
        return int(self.run("image", "inspect", "--format", "{{.Size}}", tag)) / 1e6

    def clean(self):
        """Take the images away."""
        for tag in self.tags:
            self.run("rmi", tag)


def base_of(bench):
    """Return the image that a project's Dockerfile begins with."""
    dockerfile = (bench.project / "Dockerfile").read_text("utf-8")
    return re.search(r"^FROM (\S+@sha256:\w+)", dockerfile, re.M)[1]


def build_from(engine, folder, dockerfile):
    """Build a Dockerfile in a folder of its own; return the image's size in MB."""
    folder.mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(dockerfile, "utf-8")
    return engine.size_mb(engine.build(folder)[0])


def naive_table_mb(engine, bench, folder, base_mb):
    """Return what the naive image of a table's model adds to its base."""
    shutil.copytree(bench.project / "data", folder / "naive" / "data")
    shutil.copy(Path(__file__).with_name("servers") / "naive.py", folder / "naive")
    dockerfile = NAIVE.format(base=base_of(bench))
    return build_from(engine, folder / "naive", dockerfile) - base_mb


def naive_text_mb(_engine, _bench, folder, _base_mb):
    """Return what torch and transformers take once they are installed and compiled.

    No image: torch is as pip finds it for this Python. For Linux, that brings CUDA too, unless
    another index has wheels without it.
    """
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["uvx", "--python", python, "pip", "install", "--quiet", "--target", folder / "naive"]
    subprocess.run([*command, *TEXT, "fastapi", "uvicorn"], check=True, stderr=subprocess.DEVNULL)
    paths = (folder / "naive").rglob("*")
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def sizes(engine, bench, folder, naive_mb, wanted):
    """Print what the images add to their base; return the project's own."""
    base = build_from(engine, folder / "base", f"FROM {base_of(bench)}\nLABEL bench=base\n")
    naive = naive_mb(engine, bench, folder, base)
    tag, cold = engine.build(bench.project, "--no-cache")
    own = engine.size_mb(tag) - base
    show("base, MB", base, "")
    show("naive, MB over it", naive, "")
    show("this image, MB over it", own, "")
    show("this / naive", own / naive, wanted)
    show("build without a cache, s", cold, "under 90")
    return tag


def rebuilds(engine, bench, rounds):
    """Print how long a build takes after a line of the source has changed."""
    source = next((bench.project / "src").glob("*/errors.py"))
    taken = []
    engine.build(bench.project)
    for _ in range(rounds):
        with source.open("a", encoding="utf-8") as stream:
            stream.write("# changed\n")
        taken.append(engine.build(bench.project)[1])
    show("build after a change of the source, s", median(taken), "under 5")


def start_container(engine, bench, image, *, network):
    """Return the seconds from a container's start to its first prediction."""
    port = free_port()
    reached = {
        "host": ("--network", "host", "--env", f"PORT={port}"),
        "published": ("--publish", f"127.0.0.1:{port}:8080"),
    }
    name = engine.create(*reached[network], image)
    started = time.perf_counter()
    engine.run("start", name)
    bench.wait(port)
    taken = time.perf_counter() - started
    engine.run("rm", "--force", name)
    return taken


def start_nothing(engine, image):
    """Return the seconds that a container takes which does nothing: the engine's own."""
    name = engine.create("--network", "host", "--entrypoint", "/bin/true", image)
    started = time.perf_counter()
    engine.run("start", name)
    engine.run("wait", name)
    taken = time.perf_counter() - started
    engine.run("rm", "--force", name)
    return taken


def start_process(bench):
    """Return the same of the project's own command, without a container."""
    port = free_port()
    command = [bench.bin / bench.name, "serve", "--port", str(port)]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=bench.project, env=environment, **quiet) as process:
        bench.wait(port)
        taken = time.perf_counter() - started
        process.terminate()
    return taken


def starts(engine, bench, image, rounds):
    """Print how long the first prediction takes in a container, and without one."""
    start_process(bench)  # leaves its compiled bytecode
    told = []
    for _ in range(rounds):
        inside = [
            start_container(engine, bench, image, network=network)
            for network in ("host", "published")
        ]
        told.append((*inside, start_process(bench), start_nothing(engine, image)))
    host, published, bare, nothing = (median(column) for column in zip(*told, strict=True))
    show("bare process to its first prediction, s", bare, "")
    show("container on the host's network, s", host, "")
    show("container with a published port, s", published, "")
    show("container that does nothing, s", nothing, "")
    show("host's network / bare process", median(a / c for a, _, c, _ in told), "at most 1.3")
    show("published port / bare process", median(b / c for _, b, c, _ in told), "at most 1.3")


MODELS = {
    "scikit-learn-classifier": (naive_table_mb, "at most 0.33"),
    "huggingface-text-classifier": (naive_text_mb, "at most 0.25"),
}


def main():
    """Bake, train, build, measure, and take everything away again."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    engine = Engine()
    with tempfile.TemporaryDirectory() as folder:
        try:
            for model, (naive_mb, wanted) in MODELS.items():
                place = Path(folder) / model
                place.mkdir()
                bench = Bench(place, model)
                print(f"\n{model}", flush=True)
                image = sizes(engine, bench, place, naive_mb, wanted)
                rebuilds(engine, bench, options.rounds)
                starts(engine, bench, image, options.rounds)
        finally:
            engine.clean()


if __name__ == "__main__":
    main()
