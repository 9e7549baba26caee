#!/usr/bin/env bash
# Unpack the archive that CAPTURES_URL names into fetched/.
set -euo pipefail

if [[ -z $CAPTURES_URL ]]; then
    echo "::notice title=Nothing to compare with::The repository variable CAPTURES_URL is not set;" \
        "it names a .tar.gz with captures/, ground-truth/ and model/."
    echo "configured=false" >>"$GITHUB_OUTPUT"
    exit
fi

archive=$(mktemp)
trap 'rm -f "$archive"' EXIT

# On the command line, the token could be read by every process. curl withholds it when it is sent
# on to another host.
header=${CAPTURES_TOKEN:+Authorization: Bearer $CAPTURES_TOKEN}
curl --fail --location --silent --show-error --retry 3 --connect-timeout 30 --max-time 900 \
    --header @- --output "$archive" --url "$CAPTURES_URL" <<<"$header"

rm -rf fetched
mkdir fetched
tar --extract --gzip --no-same-owner --file "$archive" --directory fetched
echo "configured=true" >>"$GITHUB_OUTPUT"
