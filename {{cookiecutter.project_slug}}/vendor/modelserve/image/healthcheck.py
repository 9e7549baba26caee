"""Check whether the service in this container is ready; exit with 0 if it is, else with 1."""

import http.client
import os
import sys

TIMEOUT_S = 2


def setting(*names: str, default: str) -> str:
    """Return the first of these environment variables that is set and not empty."""
    values = (os.environ.get(name, "").strip() for name in names)
    return next(filter(None, values), default)


def main() -> int:
    """Return 0 if the service is ready, else 1."""
    port = int(setting("PORT", "AIP_HTTP_PORT", default="8080"))
    route = setting("HEALTH_ROUTE", "AIP_HEALTH_ROUTE", default="/health/ready")
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", route)
        return 0 if connection.getresponse().status == http.client.OK else 1
    except OSError:
        return 1


if __name__ == "__main__":
    sys.exit(main())
