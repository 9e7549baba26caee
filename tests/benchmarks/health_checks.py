"""Asks a port for /health/live 20 times a second until its input ends; prints the times in ms.

A program of its own that imports little, so that it neither waits for a load generator nor for its
interpreter: bench_limits.py starts it.
"""

import http.client
import select
import sys
import time
from contextlib import suppress

PER_S = 20


def main():
    """Print a first line once the service has answered, then the times when the input has ended."""
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    times = []
    while not times or not select.select([sys.stdin], [], [], 1 / PER_S)[0]:
        started = time.perf_counter()
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/health/live")
            connection.getresponse().read()
        times.append((time.perf_counter() - started) * 1e3)
        if len(times) == 1:
            print("ready", flush=True)
    print(*times[1:])


if __name__ == "__main__":
    main()
