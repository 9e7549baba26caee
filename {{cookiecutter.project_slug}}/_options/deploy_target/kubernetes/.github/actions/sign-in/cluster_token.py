"""Print a token for the cluster, as `kubectl` asks its credential plugins for one.

GitHub makes it for this run, to be used within some minutes. So nothing is kept: kubectl asks anew
when it has expired, however long a rollout is watched.
"""

import base64
import json
import os
import sys
import urllib.parse
import urllib.request
from datetime import UTC, datetime

MARGIN_S = 30  # before it expires, the next one is asked for
ASKING = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


def fetch(audience: str) -> str:
    """Return a token of GitHub's that says which workflow of which repository this is."""
    missing = [name for name in ASKING if not os.environ.get(name)]
    if missing:
        sys.exit("GitHub offers this job no token; give it the permission `id-token: write`.")
    url, token = (os.environ[name] for name in ASKING)
    request = urllib.request.Request(  # noqa: S310  GitHub sets this address
        f"{url}&audience={urllib.parse.quote(audience, safe='')}",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return str(json.load(response)["value"])


def expiry_of(token: str) -> str:
    """Return when a token is to be renewed, in UTC."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"{datetime.fromtimestamp(claims['exp'] - MARGIN_S, UTC):%Y-%m-%dT%H:%M:%SZ}"


def main() -> None:
    """Answer kubectl."""
    token = fetch(os.environ["KUBE_AUDIENCE"])
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": token, "expirationTimestamp": expiry_of(token)},
    }
    sys.stdout.write(json.dumps(credential))


if __name__ == "__main__":
    main()
