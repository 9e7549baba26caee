"""Wrap rules and dashboards in the objects that the Prometheus Operator and Grafana read.

A file of rules is the `spec` of a PrometheusRule as it is, so it is only indented.
"""

import json
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from ... import workflow

LIBRARY = Path(__file__).resolve().parents[5] / "monitoring"
PROJECT = Path("monitoring")
POD_MONITOR = Path("deploy", "prometheus", "pod-monitor.yaml")

RULE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {name}
  labels:
    app.kubernetes.io/name: {project}
spec:
{specification}"""


def rule(project: str, part: str, path: Path) -> str:
    """Return a file of rules as an object."""
    specification = textwrap.indent(path.read_text(encoding="utf-8"), "  ")
    return RULE.format(name=f"{project}-{part}", project=project, specification=specification)


def rules(project: str) -> Iterator[str]:
    """Yield the thresholds, the library's rules and the project's own, an object each."""
    yield rule(project, "thresholds", PROJECT / "thresholds.yaml")
    for path in sorted((LIBRARY / "prometheus" / "rules").glob("*.yaml")):
        yield rule(project, path.stem, path)
    for path in sorted((PROJECT / "rules").glob("*.yaml")):
        yield rule(project, f"rules-{path.stem}", path)


def dashboards(name: str) -> str:
    """Return the dashboards as a ConfigMap with the label that Grafana's sidecar looks for."""
    files = sorted((LIBRARY / "grafana" / "dashboards").glob("*.json"))
    content = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{name}-dashboards",
            "labels": {"app.kubernetes.io/name": name, "grafana_dashboard": "1"},
        },
        # Two services may have a dashboard of the same name.
        "data": {f"{name}-{path.name}": path.read_text(encoding="utf-8") for path in files},
    }
    return json.dumps(content) + "\n"  # JSON is YAML


def render() -> str:
    """Return all objects as YAML documents."""
    name = workflow.project_name()
    objects = [POD_MONITOR.read_text(encoding="utf-8")]
    return "---\n".join([*objects, *rules(name), dashboards(name)])


def main() -> None:
    """Print all objects."""
    sys.stdout.write(render())
