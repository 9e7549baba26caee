"""Print a token for the cluster, as a credential plugin of `kubectl`.

GitHub issues the token for this run; it expires within minutes. Nothing is stored: kubectl asks
again when the token has expired, however long a rollout is watched.
"""

import base64
import json
import os
import sys
import urllib.parse
import urllib.request
from datetime import UTC, datetime

MARGIN_S = 30  # renew it so long before it expires
REQUEST_VARIABLES = ("ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN")


def fetch(audience: str) -> str:
    """Return GitHub's identity token, which names the workflow and the repository."""
    if any(not os.environ.get(name) for name in REQUEST_VARIABLES):
        sys.exit("GitHub issues no token for this job; give it the permission `id-token: write`.")
    url, token = (os.environ[name] for name in REQUEST_VARIABLES)
    request = urllib.request.Request(  # noqa: S310  GitHub sets this address
        f"{url}&audience={urllib.parse.quote(audience, safe='')}",
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        return str(json.load(response)["value"])


def renewal_time(token: str) -> str:
    """Return when to renew a token, in UTC."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"{datetime.fromtimestamp(claims['exp'] - MARGIN_S, UTC):%Y-%m-%dT%H:%M:%SZ}"


def main() -> None:
    """Print an ExecCredential."""
    token = fetch(os.environ["KUBE_AUDIENCE"])
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": token, "expirationTimestamp": renewal_time(token)},
    }
    sys.stdout.write(json.dumps(credential))


if __name__ == "__main__":
    main()
