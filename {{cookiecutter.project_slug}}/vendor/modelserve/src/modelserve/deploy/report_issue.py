"""Keep one GitHub issue about monitoring: open while there are violations, closed afterwards."""

import argparse
import json
import os
import subprocess
import sys

from . import workflow

GH = "gh"
LABEL = "monitoring"
RUNBOOKS = "vendor/modelserve/docs/runbooks"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `report-issue`."""
    add = workflow.add_option
    add(parser, "--since", variable="SINCE", about="Start of the window, in UTC")
    add(parser, "--until", variable="UNTIL", about="End of the window, in UTC")
    add(parser, "--result", variable="RESULT", about="ok or violation")
    add(parser, "--violations", variable="VIOLATIONS", about="The violations, one a line")


def gh(*words: str, body: str = "") -> str:
    """Run GitHub's command line and return its output, or exit with its exit code."""
    done = subprocess.run([GH, *words], input=body, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def open_issues() -> list[str]:
    """Return the numbers of the open issues that this command has opened, newest first."""
    listed = gh("issue", "list", "--state=open", f"--label={LABEL}", "--json=number,author")
    # A person's issue may carry the label too, and is theirs to close.
    return [str(issue["number"]) for issue in json.loads(listed) if issue["author"]["is_bot"]]


def repository_url() -> str:
    """Return the repository's address."""
    return f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}"


def report_violations(violations: str, window: str, run_url: str) -> None:
    """Open an issue, or comment on the open one."""
    body = (
        f"Production {window} differs from the training data:\n\n"
        f"{workflow.code_block(violations)}\n\n"
        f"[The run]({run_url}) keeps the whole report as its artifact `report`. What to do:"
        f" [the runbooks]({repository_url()}/tree/HEAD/{RUNBOOKS}).\n"
    )
    if numbers := open_issues():
        gh("issue", "comment", numbers[0], "--body-file=-", body=body)
        return
    about = "--description=Opened and closed by nightly monitoring"
    gh("label", "create", LABEL, "--force", about)
    title = f"--title={workflow.project_name()}: production differs from the training data"
    gh("issue", "create", title, f"--label={LABEL}", "--body-file=-", body=body)


def close_issues(window: str, run_url: str) -> None:
    """Close the open issues."""
    for number in open_issues():
        comment = f"Production {window} matches the training data again: [the run]({run_url})."
        gh("issue", "close", number, f"--comment={comment}")


def main(options: argparse.Namespace) -> None:
    """Open, update or close the issue, depending on the result."""
    window = f"from {options.since} to {options.until} (UTC)"
    run_url = f"{repository_url()}/actions/runs/{os.environ['GITHUB_RUN_ID']}"
    if options.result == "violation":
        report_violations(options.violations, window, run_url)
    else:
        close_issues(window, run_url)
