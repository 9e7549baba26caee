"""Roll a revision out: stage it, test it, shift traffic to it, watch it, and finish or roll back.

Each step is a command of its own, so that a workflow can run them in jobs with different
permissions. DEPLOY_TARGET names the target; repository variables come as JSON in VARIABLES.
"""

import argparse
import os
import subprocess
import sys
import time

from . import targets, workflow

SMOKE = ("uvx", "nox@2026.10.20", "-s", "smoke", "--")  # reads SERVICE_TOKEN and SERVICE_KEY
CHECK_INTERVAL_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the steps of a rollout and their options."""
    steps = parser.add_subparsers(title="steps", metavar="STEP", required=True)
    add = workflow.add_option
    for step in (stage, smoke, shift, watch, finish, rollback):
        about = (step.__doc__ or "").partition("\n")[0]
        command = steps.add_parser(step.__name__, help=about, description=about)
        command.set_defaults(step=step)
        add(command, "--target", variable="DEPLOY_TARGET", about="The deploy target")
        if step is stage:
            add(command, "--image", variable="IMAGE", about="The image, by its digest")
            continue
        add(command, "--revision", variable="REVISION", about="The revision")
        if step is shift:
            command.add_argument("--percent", type=int, required=True, help="Share of the traffic")
        if step in (smoke, watch):
            about = "What 95 of 100 answers may take, in ms"
            add(command, "--latency-ms", variable="LATENCY_MS", about=about, default="500")
        if step is watch:
            about = "How long to watch, in minutes"
            add(command, "--minutes", variable="WATCH_MINUTES", about=about, default="10")
        if step is rollback:
            about = "The revision that gets all traffic; empty if there is none"
            add(command, "--previous", variable="PREVIOUS", about=about)


def main(options: argparse.Namespace) -> None:
    """Run one step."""
    options.step(targets.load(options.target), options)


def stage(target: targets.Target, options: argparse.Namespace) -> None:
    """Start a revision without traffic; set the outputs `revision` and `previous`."""
    staged = target.stage(options.image)
    workflow.set_output(revision=staged.revision, previous=staged.previous)
    traffic = f"all traffic stays with `{staged.previous}`"
    if not staged.previous:
        traffic = "it is the first revision"
    workflow.append_summary(f"**Staged** `{staged.revision}` from `{options.image}`: {traffic}.")


def smoke(target: targets.Target, options: argparse.Namespace) -> None:
    """Fail unless the revision answers the golden cases correctly and in time."""
    name = options.revision
    if not passes_smoke_test(target, name, options.latency_ms):
        workflow.append_summary(f"**Smoke test of `{name}` failed**; the log says why.")
        sys.exit(1)
    workflow.append_summary(f"Smoke test of `{name}` passed.")


def shift(target: targets.Target, options: argparse.Namespace) -> None:
    """Shift a share of the traffic to the revision."""
    target.shift(options.revision, options.percent)
    workflow.append_summary(
        f"Shifted {options.percent} % of the traffic, or the closest possible share,"
        f" to `{options.revision}`."
    )


def watch(target: targets.Target, options: argparse.Namespace) -> None:
    """Check the revision every half minute for some minutes; fail at the first problem."""
    name, minutes = options.revision, float(options.minutes)
    end = time.monotonic() + 60 * minutes
    checks = 0
    while True:
        left_s = end - time.monotonic()
        checks += 1
        problems = target.problems(name)
        if not passes_smoke_test(target, name, options.latency_ms):
            problems.append("the smoke test failed; the log says why")
        if problems:
            details = workflow.code_block("\n".join(problems))
            workflow.append_summary(f"**Check {checks} of `{name}` failed**:\n\n{details}")
            sys.exit(1)
        if left_s <= 0:
            break
        time.sleep(min(CHECK_INTERVAL_S, max(end - time.monotonic(), 0)))
    times = f"{checks} check{'s' * (checks > 1)}"
    workflow.append_summary(f"Watched `{name}` for {minutes:g} minutes, {times}: no problem.")


def finish(target: targets.Target, options: argparse.Namespace) -> None:
    """Send all traffic to the revision, and remove what served the rollout only."""
    target.finish(options.revision)
    workflow.append_summary(f"**Released** `{options.revision}`: it has all traffic.")


def rollback(target: targets.Target, options: argparse.Namespace) -> None:
    """Send all traffic to the previous revision, and remove the new one if there is one."""
    if not (options.previous or options.revision):
        workflow.notice("Nothing was staged: there is nothing to roll back.")
        return
    target.rollback(options.previous, options.revision)
    serving = f"`{options.previous}` has all traffic" if options.previous else "nothing is served"
    workflow.append_summary(f"**Rolled back**: {serving}.")


def passes_smoke_test(target: targets.Target, revision: str, latency_ms: str) -> bool:
    """Tell whether a revision answers the golden cases correctly and in time."""
    with target.reach(revision) as address:
        command = [*SMOKE, address.url, f"--latency-ms={latency_ms}"]
        environment = os.environ | {"SERVICE_TOKEN": address.token}
        return subprocess.run(command, env=environment, check=False).returncode == 0
