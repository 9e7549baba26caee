#!/usr/bin/env bash
# Install the client from its hashed lock, in a place of its own, and let later steps find it.
set -euo pipefail

place=$RUNNER_TEMP/client
python3 -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes \
    --upgrade --target "$place" --requirement requirements/deployment.txt
echo "PYTHONPATH=$place" >>"$GITHUB_ENV"
