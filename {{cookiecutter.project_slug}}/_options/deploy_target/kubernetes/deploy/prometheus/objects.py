"""Print what the Prometheus Operator and Grafana take, made of the files in monitoring/.

    python3 deploy/prometheus/objects.py | kubectl apply --server-side --namespace NAME --filename -

A file of rules is the specification of a PrometheusRule as it stands, so it is only set further in.
"""

import json
import sys
import textwrap
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
RULES = PROJECT / "monitoring" / "prometheus"
DASHBOARDS = PROJECT / "monitoring" / "grafana" / "dashboards"

RULE = """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {name}-{part}
  labels:
    app.kubernetes.io/name: {name}
spec:
{specification}"""


def rule(name: str, path: Path) -> str:
    """Return a file of rules as an object."""
    specification = textwrap.indent(path.read_text(encoding="utf-8"), "  ")
    return RULE.format(name=name, part=path.stem, specification=specification)


def dashboards(name: str) -> str:
    """Return the dashboards as a ConfigMap with the label that Grafana's sidecar looks for."""
    content = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{name}-dashboards",
            "labels": {"app.kubernetes.io/name": name, "grafana_dashboard": "1"},
        },
        # Two services may bring a dashboard of one name.
        "data": {
            f"{name}-{path.name}": path.read_text(encoding="utf-8")
            for path in sorted(DASHBOARDS.glob("*.json"))
        },
    }
    return json.dumps(content) + "\n"  # JSON is YAML


def main() -> None:
    """Print every object, one after the other."""
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    name = pyproject["project"]["name"]
    objects = [Path(__file__).with_name("pod-monitor.yaml").read_text(encoding="utf-8")]
    files = [RULES / "thresholds.yaml", *sorted(RULES.glob("rules/*.yaml"))]
    objects += [rule(name, path) for path in files]
    sys.stdout.write("---\n".join([*objects, dashboards(name)]))


if __name__ == "__main__":
    main()
