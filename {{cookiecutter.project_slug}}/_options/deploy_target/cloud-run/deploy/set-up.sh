#!/usr/bin/env bash
# Create all that a Google Cloud project needs before the first deployment; what exists stays as it is.
#
#   GCP_PROJECT=… GCP_REGION=… GCP_BILLING_ACCOUNT=… GITHUB_REPOSITORY=owner/name \
#       deploy/set-up.sh [--dry-run]
#
# With --dry-run, print every command and run none. docs/deploy.md explains each role.
set -euo pipefail
cd "$(dirname "$0")"

name="{{ cookiecutter.project_slug }}"
monthly_budget=${MONTHLY_BUDGET:-50} # in the billing account's currency
apis=(
    artifactregistry billingbudgets cloudresourcemanager iam iamcredentials logging monitoring run
    secretmanager storage sts
)

dry_run=
case ${1-} in
    --dry-run) dry_run=true ;;
    "") ;;
    *)
        echo "usage: $0 [--dry-run]" >&2
        exit 2
        ;;
esac

missing=()
for variable in GCP_PROJECT GCP_REGION GCP_BILLING_ACCOUNT GITHUB_REPOSITORY; do
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
    run projects add-iam-policy-binding "$GCP_PROJECT" --member="$1" --role="$2" --condition=None
}

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
run storage buckets add-iam-policy-binding "gs://$bucket" --member="$service" \
    --role=roles/storage.objectUser

# The API keys, a consumer a line. The first one is the rollout itself.
key=
lookup=(secrets describe "$name-keys")
if [[ -n $dry_run ]] || ! exists "${lookup[@]}"; then
    key=$(openssl rand -hex 32)
    create secrets create "$name-keys" --data-file=- <<<"rollout:$(printf %s "$key" | sha256)"
fi
run secrets add-iam-policy-binding "$name-keys" --member="$service" \
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
run artifacts repositories add-iam-policy-binding "$name" "${at[@]}" --member="$repository" \
    --role=roles/artifactregistry.writer
run storage buckets add-iam-policy-binding "gs://$bucket" --member="$repository" \
    --role=roles/storage.objectViewer
run iam service-accounts add-iam-policy-binding "$runs_as@$domain" --member="$repository" \
    --role=roles/iam.serviceAccountUser
run iam service-accounts add-iam-policy-binding "$calls_as@$domain" --member="$repository" \
    --role=roles/iam.workloadIdentityUser

# A budget sends mail at a half, nine tenths and all of it. It stops nothing.
paid=(--billing-account="$GCP_BILLING_ACCOUNT")
lookup=(billing budgets list "${paid[@]}" --filter="displayName=$name-monthly")
create billing budgets create "${paid[@]}" --display-name="$name-monthly" \
    --budget-amount="$monthly_budget" --filter-projects="projects/$GCP_PROJECT" \
    --threshold-rule=percent=0.5 --threshold-rule=percent=0.9 --threshold-rule=percent=1.0

cat <<COMMANDS

# Run these in a clone of the repository:
gh variable set GCP_PROJECT --body $GCP_PROJECT
gh variable set GCP_REGION --body $GCP_REGION
gh variable set GCP_WORKLOAD_IDENTITY_PROVIDER --body $pool/providers/$provider
gh variable set GCP_SERVICE_ACCOUNT --body $runs_as@$domain
gh variable set GCP_CALLER --body $calls_as@$domain
gh variable set GCP_BUCKET --body $bucket
COMMANDS
if [[ -n $dry_run ]]; then
    echo "gh secret set SERVICE_KEY --body A_KEY_THAT_IS_CREATED_THEN"
elif [[ -n $key ]]; then
    echo "gh secret set SERVICE_KEY --body $key # shown only now"
fi
