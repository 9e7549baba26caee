#!/usr/bin/env bash
# Create all that a Google Cloud project needs before the first deployment; what exists stays as it is.
#
#   GCP_PROJECT=… GCP_REGION=… GITHUB_REPOSITORY=owner/name [GCP_BILLING_ACCOUNT=…] \
#       deploy/set-up.sh [--dry-run | --new-key]
#
# With --dry-run, print every command and run none; with --new-key, give the rollout a new API key and
# do nothing else. docs/deploy.md explains each role.
set -euo pipefail
cd "$(dirname "$0")"

name="{{ cookiecutter.project_slug }}"
monthly_budget=${MONTHLY_BUDGET:-50} # in the billing account's currency
apis=(
    artifactregistry cloudresourcemanager iam iamcredentials logging monitoring run secretmanager
    storage sts
)

dry_run='' new_key=''
case ${1-} in
    --dry-run) dry_run=true ;;
    --new-key) new_key=true ;;
    "") ;;
    *)
        echo "usage: $0 [--dry-run | --new-key]" >&2
        exit 2
        ;;
esac

missing=()
for variable in GCP_PROJECT GCP_REGION GITHUB_REPOSITORY; do
    [[ -n ${!variable-} ]] || missing+=("$variable")
done
if [[ -n ${missing[*]-} ]]; then
    echo "Set these variables first: ${missing[*]}" >&2
    exit 2
fi
if [[ ! $GITHUB_REPOSITORY =~ ^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$ ]]; then
    echo "GITHUB_REPOSITORY is $GITHUB_REPOSITORY; write it as owner/name" >&2
    exit 2
fi
project=(--project="$GCP_PROJECT" --quiet)

show() { # as it can be typed
    local words
    printf -v words ' %q' "$@" "${project[@]}"
    echo "gcloud$words"
}

run() {
    show "$@"
    [[ -n $dry_run ]] || gcloud "$@" "${project[@]}" >/dev/null
}

grant() { # grant WORDS…: try again for a minute, for Google may not know yet what is seconds old
    local pause_s
    show "$@"
    [[ -z $dry_run ]] || return 0
    for pause_s in 2 4 8 16 32; do
        if gcloud "$@" "${project[@]}" >/dev/null; then
            return
        fi
        echo "# Rejected, perhaps because an account is new; trying again in $pause_s s" >&2
        sleep "$pause_s"
    done
    gcloud "$@" "${project[@]}" >/dev/null
}

exists() { # exists WORDS…: whether a describing command finds anything
    [[ -n $(gcloud "$@" "${project[@]}" --format='value(name)' 2>/dev/null </dev/null) ]]
}

create() { # create WORDS…: unless the command in `lookup` finds it
    if [[ -n $dry_run ]]; then
        echo "# unless it exists: $(show "${lookup[@]}")"
    elif exists "${lookup[@]}"; then
        echo "# exists: ${lookup[*]}"
        return
    fi
    run "$@"
}

sha256() { openssl dgst -sha256 -r | cut -c1-64; }

# A name that is too long is cut, and ends with a hash of the whole.
short() { # short CHARACTERS
    if [[ -n ${name:$1} ]]; then
        echo "${name:0:$(($1 - 7))}-$(printf %s "$name" | sha256 | cut -c1-6)"
    else
        echo "$name"
    fi
}

create_account() { # create_account NAME DESCRIPTION
    lookup=(iam service-accounts describe "$1@$domain")
    create iam service-accounts create "$1" --display-name="$2"
}

grant_in_project() { # grant_in_project MEMBER ROLE
    grant projects add-iam-policy-binding "$GCP_PROJECT" --member="$1" --role="$2" --condition=None
}

# The API keys, a consumer a line, of which Google keeps the hashes. The first one is the rollout's.
keys=$name-keys
add_key() { # add_key LINES: a new key beside other consumers' lines; nobody else keeps it, so show it
    local key lines
    key=$(openssl rand -hex 32)
    lines=rollout:$(printf %s "$key" | sha256)
    [[ -z $1 ]] || lines+=$'\n'$1
    run secrets versions add "$keys" --data-file=- <<<"$lines"
    [[ -z $dry_run ]] || key=A_KEY_THAT_IS_CREATED_THEN
    echo "# The rollout's API key is shown only now. In a clone of the repository, run:"
    echo "gh secret set SERVICE_KEY --body $key"
}

if [[ -n $new_key ]]; then
    others=$(gcloud secrets versions access latest --secret="$keys" "${project[@]}" | sed /^rollout:/d)
    add_key "$others"
    exit
fi

trap '(($? == 0)) || echo "# Stopped. Remove the cause, and run this again: what exists stays." >&2' EXIT

number=PROJECT_NUMBER
[[ -n $dry_run ]] ||
    number=$(gcloud projects describe "$GCP_PROJECT" --format='value(projectNumber)')
domain=$GCP_PROJECT.iam.gserviceaccount.com
runs_as=$(short 22)-service # an account's name has at most 30 characters
calls_as=$(short 23)-caller
bucket=$name-$number # the number makes it unique
pool=projects/$number/locations/global/workloadIdentityPools/github
provider=github-$(short 25) # at most 32 characters
repository=principalSet://iam.googleapis.com/$pool/attribute.repository/$GITHUB_REPOSITORY
service=serviceAccount:$runs_as@$domain
caller=serviceAccount:$calls_as@$domain

run services enable "${apis[@]/%/.googleapis.com}"

# The registry.
at=(--location="$GCP_REGION")
lookup=(artifacts repositories describe "$name" "${at[@]}")
create artifacts repositories create "$name" "${at[@]}" --repository-format=docker
run artifacts repositories set-cleanup-policies "$name" "${at[@]}" --policy=clean-up.json \
    --no-dry-run

# Captures and ground truth. In a hierarchical namespace, a rename is atomic; a retention policy would
# forbid it, so the bucket's lifecycle deletes old records instead.
lookup=(storage buckets describe "gs://$bucket")
create storage buckets create "gs://$bucket" "${at[@]}" --uniform-bucket-level-access \
    --public-access-prevention --enable-hierarchical-namespace --soft-delete-duration=7d
run storage buckets update "gs://$bucket" --lifecycle-file=lifecycle.json

# The service account of the service, and the one that a rollout calls it with.
create_account "$runs_as" "$name: runs the service"
create_account "$calls_as" "$name: calls it during a rollout"
grant_in_project "$service" roles/monitoring.metricWriter
grant_in_project "$service" roles/logging.logWriter
grant_in_project "$caller" roles/run.invoker
grant storage buckets add-iam-policy-binding "gs://$bucket" --member="$service" \
    --role=roles/storage.objectUser

lookup=(secrets describe "$keys")
create secrets create "$keys"
# Not `exists`: if this fails, there may be keys, and a new version would replace them all.
lookup=(secrets versions list "$keys" --limit=1)
versions=
if [[ -n $dry_run ]]; then
    echo "# unless it exists: $(show "${lookup[@]}")"
else
    versions=$(gcloud "${lookup[@]}" "${project[@]}" --format='value(name)')
fi
if [[ -n $versions ]]; then
    echo "# exists: the rollout's API key, which is not shown again; $0 --new-key replaces it"
else
    add_key ""
fi
grant secrets add-iam-policy-binding "$keys" --member="$service" \
    --role=roles/secretmanager.secretAccessor

# The workflows of this repository's main branch, and no others.
everywhere=(--location=global)
lookup=(iam workload-identity-pools describe github "${everywhere[@]}")
create iam workload-identity-pools create github "${everywhere[@]}"
in_pool=("${everywhere[@]}" --workload-identity-pool=github)
lookup=(iam workload-identity-pools providers describe "$provider" "${in_pool[@]}")
create iam workload-identity-pools providers create-oidc "$provider" "${in_pool[@]}" \
    --issuer-uri=https://token.actions.githubusercontent.com \
    --attribute-mapping=google.subject=assertion.sub,attribute.repository=assertion.repository \
    --attribute-condition="assertion.repository == '$GITHUB_REPOSITORY' && assertion.ref == 'refs/heads/main'"
grant_in_project "$repository" roles/run.developer
grant_in_project "$repository" roles/logging.viewer
grant artifacts repositories add-iam-policy-binding "$name" "${at[@]}" --member="$repository" \
    --role=roles/artifactregistry.writer
grant storage buckets add-iam-policy-binding "gs://$bucket" --member="$repository" \
    --role=roles/storage.objectViewer
grant iam service-accounts add-iam-policy-binding "$runs_as@$domain" --member="$repository" \
    --role=roles/iam.serviceAccountUser
grant iam service-accounts add-iam-policy-binding "$calls_as@$domain" --member="$repository" \
    --role=roles/iam.workloadIdentityUser

cat <<COMMANDS

# Run these in a clone of the repository; what is above says how to set SERVICE_KEY:
gh variable set GCP_PROJECT --body $GCP_PROJECT
gh variable set GCP_REGION --body $GCP_REGION
gh variable set GCP_WORKLOAD_IDENTITY_PROVIDER --body $pool/providers/$provider
gh variable set GCP_SERVICE_ACCOUNT --body $runs_as@$domain
gh variable set GCP_CALLER --body $calls_as@$domain
gh variable set GCP_BUCKET --body $bucket

COMMANDS

# Optional, so it comes last: who may create everything else may often create no budget. It sends mail
# at a half, nine tenths and all of the amount, and stops nothing.
create_budget() {
    local paid=(--billing-account="$GCP_BILLING_ACCOUNT")
    lookup=(billing budgets list "${paid[@]}" --filter="displayName=$name-monthly")
    run services enable billingbudgets.googleapis.com &&
        create billing budgets create "${paid[@]}" --display-name="$name-monthly" \
            --budget-amount="$monthly_budget" --filter-projects="projects/$GCP_PROJECT" \
            --threshold-rule=percent=0.5 --threshold-rule=percent=0.9 --threshold-rule=percent=1.0
}
if [[ -z ${GCP_BILLING_ACCOUNT-} ]]; then
    echo "# No budget: to create one, set GCP_BILLING_ACCOUNT, and run this again."
elif ! create_budget; then
    echo "# No budget: ask whoever administers $GCP_BILLING_ACCOUNT for one. All the rest is there." >&2
fi
