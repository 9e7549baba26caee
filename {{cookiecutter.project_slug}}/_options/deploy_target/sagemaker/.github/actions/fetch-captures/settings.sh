#!/usr/bin/env bash
# Say whether there is something to fetch from.
set -euo pipefail

if [[ -z $ROLE ]]; then
    echo "::notice title=Nothing to compare with::The repository variable AWS_MONITOR_ROLE_ARN is not" \
        "set; docs/deploy.md says what it is."
    echo "configured=false" >>"$GITHUB_OUTPUT"
    exit
fi
echo "configured=true" >>"$GITHUB_OUTPUT"
