#!/usr/bin/env bash
# Name the image, and sign in to the registry that keeps it.
set -euo pipefail

echo "image=ghcr.io/${GITHUB_REPOSITORY,,}" >>"$GITHUB_OUTPUT"
if [[ -n $TOKEN ]]; then
    # A job that pushes nothing has no permission for packages, and need not have it.
    docker login ghcr.io --username token --password-stdin <<<"$TOKEN" ||
        echo "ghcr.io does not take this job's token; it can push nothing."
fi
