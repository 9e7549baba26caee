"""Roll a revision out: stage it, ask it, give it traffic, watch it, finish, or go back."""

import os
import subprocess
import sys
import time

import steps
import target

ASK = ("uvx", "nox@2026.10.20", "-s", "smoke", "--")  # it takes SERVICE_TOKEN and SERVICE_KEY
PAUSE_S = 30.0


def stage(image: str) -> None:
    """Let a new revision stand beside the one that has the traffic; hand on both names."""
    canary = target.stage(image)
    steps.hand_on(revision=canary.revision, former=canary.former)
    stays = f"the traffic stays with `{canary.former}`" if canary.former else "it is the first one"
    steps.summarise(f"**Staged** `{canary.revision}`, of `{image}`: {stays}.")


def smoke() -> None:
    """Fail unless the revision answers as its model should, and in time."""
    if not answers(revision()):
        steps.summarise(f"**`{revision()}` does not answer as its model should**, as the log says.")
        sys.exit(1)
    steps.summarise(f"`{revision()}` answers as its model should, and in time.")


def shift(percent: str) -> None:
    """Let the revision have a part of the traffic."""
    target.shift(revision(), int(percent))
    steps.summarise(f"`{revision()}` was given {percent} % of the traffic, or what comes nearest.")


def watch() -> None:
    """Look at the revision again and again for some minutes, and fail when something is wrong."""
    minutes = float(os.environ["WATCH_MINUTES"])
    end = time.monotonic() + 60 * minutes
    rounds = 0
    while True:
        left_s = end - time.monotonic()
        rounds += 1
        complaints = target.complaints(revision())
        if not answers(revision()):
            complaints.append("it does not answer as its model should; the log says why")
        if complaints:
            found = steps.quoted("\n".join(complaints))
            steps.summarise(f"**Watched `{revision()}`**, and in round {rounds}:\n\n{found}")
            sys.exit(1)
        if left_s <= 0:
            break
        time.sleep(min(PAUSE_S, max(end - time.monotonic(), 0)))
    told = f"{rounds} round{'s' * (rounds > 1)}"
    steps.summarise(f"Watched `{revision()}` for {minutes:g} minutes, {told}: all is well.")


def finish() -> None:
    """Let the revision have all of the traffic."""
    target.finish(revision())
    steps.summarise(f"**Released**: `{revision()}` has all of the traffic.")


def back(former: str) -> None:
    """Let another revision have all of the traffic, and take this one away, where there is one."""
    if not (former or revision()):
        steps.note("Nothing was staged, so there is nothing to take back.")
        return
    target.back(former, revision())
    steps.summarise(f"**Taken back**: `{former or 'nothing'}` has all of the traffic.")


def revision() -> str:
    """Return the name of the revision that is rolled out; "" where there is none."""
    return os.environ.get("REVISION", "")


def answers(name: str) -> bool:
    """Ask a revision at its own address; return whether it answers as its model should."""
    with target.reach(name) as address:
        command = [*ASK, address.url, f"--latency-ms={os.environ['LATENCY_MS']}"]
        environment = os.environ | {"SERVICE_TOKEN": address.token}
        return subprocess.run(command, env=environment, check=False).returncode == 0


VERBS = {each.__name__: each for each in (stage, smoke, shift, watch, finish, back)}

if __name__ == "__main__":
    VERBS[sys.argv[1]](*sys.argv[2:])
