"""Dispatch the commands that the project's workflows and actions run."""

import argparse
from types import ModuleType

from . import (
    compare_models,
    monitoring_window,
    propose_model,
    propose_update,
    relay_alerts,
    report_issue,
    rollout,
    run_monitoring,
    sbom,
    targets,
    training_rows,
    workflow,
)

COMMANDS: dict[str, ModuleType] = {
    "monitoring-window": monitoring_window,
    "run-monitoring": run_monitoring,
    "report-issue": report_issue,
    "collect-rows": training_rows,
    "compare-models": compare_models,
    "propose-model": propose_model,
    "propose-update": propose_update,
    "relay-alerts": relay_alerts,
    "complete-sbom": sbom,
    "rollout": rollout,
}
# A target brings these as a function `main()` of a module.
TARGET_COMMANDS = {
    "sign-in": "Sign in to the registry and the platform; set the outputs `image` and `stage`.",
    "docker-login": "Log docker in to the image's registry with a new access token.",
    "fetch-captures": "Fetch captures, ground truth and the served model into `fetched/`.",
    "monitoring-objects": "Print alerts and dashboards as objects for the Prometheus Operator.",
}
MODULES = {"fetch-captures": "captures"}


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="python3 -m modelserve.deploy",
        description="Run a step of a workflow: monitor, compare models, deploy, roll back.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        about = (module.__doc__ or "").partition("\n")[0]
        command = commands.add_parser(name, help=about, description=module.__doc__)
        command.set_defaults(run=module.main)
        module.add_arguments(command)
    about = "Set the output `version`: the version of the model in `model/`."
    command = commands.add_parser("model-version", help=about, description=about)
    command.set_defaults(run=lambda _options: workflow.output_model_version())
    for name, about in TARGET_COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about)
        workflow.add_option(
            command,
            "--target",
            variable="DEPLOY_TARGET",
            about=f"One of {', '.join(targets.NAMES)}",
        )
        command.set_defaults(run=run_target_command, part=MODULES.get(name, name.replace("-", "_")))
    return parser


def run_target_command(options: argparse.Namespace) -> None:
    """Run a command that the deploy target brings."""
    targets.load_part(options.target, options.part).main()


def main(arguments: list[str] | None = None) -> None:
    """Run one command."""
    options = build_parser().parse_args(arguments)
    options.run(options)


if __name__ == "__main__":
    main()
