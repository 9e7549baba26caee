"""Keep one issue about production: open while something is breached, closed when all is calm."""

import json
import os
import subprocess
import sys

import steps

GH = "gh"
LABEL = "monitoring"


def gh(*words: str, body: str = "") -> str:
    """Run GitHub's command line and return what it says, or end as it does."""
    done = subprocess.run([GH, *words], input=body, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def open_issues() -> list[str]:
    """Return the numbers of the open issues that this script has opened, the newest first."""
    listed = gh("issue", "list", "--state=open", f"--label={LABEL}", "--json=number,author")
    # A person's issue may bear the label too, and is theirs to close.
    return [str(each["number"]) for each in json.loads(listed) if each["author"]["is_bot"]]


def repository() -> str:
    """Return the repository's address."""
    return f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}"


def tell_breach(window: str, run: str) -> None:
    """Open an issue, or comment on the one that is open."""
    body = (
        f"Production {window} is not as it was in training:\n\n"
        f"{steps.quoted(os.environ['FINDINGS'])}\n\n"
        f"[This run]({run}) keeps the whole report, as its artifact `report`. What to do about it:"
        f" [the runbooks]({repository()}/tree/HEAD/docs/runbooks).\n"
    )
    if numbers := open_issues():
        gh("issue", "comment", numbers[0], "--body-file=-", body=body)
        return
    gh("label", "create", LABEL, "--force", "--description=Opened and closed by the nightly run")
    title = f"{steps.name()}: production is not as it was in training"
    gh("issue", "create", f"--title={title}", f"--label={LABEL}", "--body-file=-", body=body)


def tell_calm(window: str, run: str) -> None:
    """Close what is open."""
    for number in open_issues():
        comment = f"Production {window} is as it was in training again: [the run]({run})."
        gh("issue", "close", number, f"--comment={comment}")


def main() -> None:
    """Tell the verdict."""
    window = f"from {os.environ['SINCE']} to {os.environ['UNTIL']} (UTC)"
    run = f"{repository()}/actions/runs/{os.environ['GITHUB_RUN_ID']}"
    tell = tell_breach if os.environ["VERDICT"] == "breached" else tell_calm
    tell(window, run)


if __name__ == "__main__":
    main()
