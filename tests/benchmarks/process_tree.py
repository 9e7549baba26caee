"""All processes that a server starts, wherever they go: counted, and ended."""

import os
import re
import signal
import time
from contextlib import contextmanager, suppress
from pathlib import Path

MARK = "BENCH_PROCESS_TREE"  # an environment variable, which a server's processes inherit


def status_of(pid):
    """Return a process's parent, session and start, or None where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else (int(fields[1]), int(fields[3]), int(fields[19]))


class Tree:
    """All processes of a server: its descendants, its session, and what bears its mark."""

    def __init__(self, pid, mark):
        """Begin with the first process."""
        self._root, self._mark = pid, f"{MARK}={mark}".encode()
        self._seen = {}  # start by process id, for a process id is used again

    def members(self):
        """Return the ids of the processes that live."""
        alive = {int(path.name): status_of(path.name) for path in Path("/proc").glob("[0-9]*")}
        alive = {pid: status for pid, status in alive.items() if status}
        found = {pid for pid, start in self._seen.items() if alive.get(pid, (0,) * 3)[2] == start}
        found |= {pid for pid, status in alive.items() if status[1] == self._root}
        found |= {pid for pid in alive if pid not in found and self._is_marked(pid)}
        size = -1
        while size != len(found):
            size = len(found)
            found |= {pid for pid, status in alive.items() if status[0] in found}
        found.discard(os.getpid())
        self._seen = {pid: alive[pid][2] for pid in found if pid in alive}
        return set(self._seen)

    def _is_marked(self, pid):
        try:
            return self._mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False

    def memory_mib(self):
        """Return the resident memory of all in MiB; a page that several share is counted once."""
        total = 0
        for pid in self.members():
            try:
                text = Path(f"/proc/{pid}/smaps_rollup").read_text("utf-8")
            except OSError:
                continue
            found = re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)
            total += int(found[1]) if found else 0
        return total / 1024

    @contextmanager
    def suspended(self):
        """Stop all of them for a block: some poll without a pause, and so take processors."""
        members = self.members()
        for pid in members:
            send(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in members:
                send(pid, signal.SIGCONT)

    def end(self, process):
        """End all of them, first politely."""
        self.members()
        process.terminate()
        deadline = time.monotonic() + 10
        while self.members() and time.monotonic() < deadline:
            process.poll()
            time.sleep(0.05)
        for pid in self.members():
            send(pid, signal.SIGKILL)
        process.wait(timeout=10)


def send(pid, number):
    """Send a signal to a process that may have ended."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
