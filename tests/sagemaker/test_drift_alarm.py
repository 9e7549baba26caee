"""The question that CloudWatch asks of the scraped series, put to Prometheus.

Prometheus 2 has no names with dots: the endpoint's label stands here under a name without them.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.bakery import BakedProject
from tests.sagemaker.formation import Template

DOTTED = '"aws.sagemaker.endpoint.name"='
PLAIN = "endpoint="
LABELS = 'endpoint="iris-classifier",model="iris",version="1"'
EVERY_MINUTES = 10
A_DAY = 24 * 60 // EVERY_MINUTES


def counter(name: str, rows: float) -> dict[str, str]:
    """Return a counter that takes in some rows over a day."""
    return {"series": name, "values": f"0+{rows / A_DAY}x{A_DAY}"}


def gauge(name: str, rows: float) -> dict[str, str]:
    """Return a figure that stays as it is."""
    return {"series": name, "values": f"{rows}x{A_DAY}"}


def field(name: str, observed: list[float], reference: list[float], **how: str) -> list[dict]:
    """Return the series of one field, bin by bin."""
    kind, more = how.get("kind", "input"), how.get("more", "")
    made = []
    for i, (rows, kept) in enumerate(zip(observed, reference, strict=True)):
        labels = f'{{{LABELS},kind="{kind}",field="{name}",bin="{i}"{more}}}'
        made.append(counter(f"model_observations_total{labels}", rows))
        made.append(gauge(f"model_reference_observations{labels}", kept))
    return made


def ask(folder: Path, query: str, series: list[dict], expected: list[dict]) -> None:
    """Have Prometheus answer a query after a day, and compare its answer."""
    if not shutil.which("promtool"):
        assert not os.environ.get("REQUIRE_ALL"), "there is no promtool here"
        pytest.skip("there is no promtool here")
    question = {"expr": query, "eval_time": "1d", "exp_samples": expected}
    rules = folder / "rules.yaml"
    rules.write_text("groups: []\n", encoding="utf-8")
    plan = {
        "rule_files": [rules.name],
        "evaluation_interval": "1h",
        "tests": [
            {
                "interval": f"{EVERY_MINUTES}m",
                "input_series": series,
                "promql_expr_test": [question],
            }
        ],
    }
    (folder / "test.yaml").write_text(yaml.safe_dump(plan, width=10**6), encoding="utf-8")
    done = subprocess.run(
        ["promtool", "test", "rules", "test.yaml"],
        cwd=folder,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout


def query(project: BakedProject, alarm: str) -> str:
    """Return an alarm's question, as it is deployed."""
    made = Template(project, "service.yaml").resources()[alarm]
    asked = made["EvaluationCriteria"]["PromQLCriteria"]["Query"]
    assert DOTTED in asked
    return asked.replace(DOTTED, PLAIN)


def drifted(count: int, kind: str = "input") -> dict:
    """Return the answer: so many fields of a version."""
    return {"labels": f'{{model="iris",version="1",kind="{kind}"}}', "value": count}


EVEN = [2000.0, 2000.0]


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        pytest.param(field("a", [300, 300], EVEN), [], id="calm"),
        pytest.param(field("a", [500, 100], EVEN), [drifted(1)], id="drift"),
        pytest.param(
            field("a", [500, 100], EVEN, kind="output"), [drifted(1, "output")], id="of-answers"
        ),
        pytest.param(
            field("a", [500, 100], EVEN)
            + field("b", [90, 510], EVEN)
            + field("c", [300, 300], EVEN),
            [drifted(2)],
            id="two-of-three",
        ),
        pytest.param(field("a", [390, 210], EVEN), [], id="sure-but-small"),
        pytest.param(field("a", [44, 16], EVEN), [drifted(1)], id="few-rows-many-in-training"),
        pytest.param(field("a", [44, 16], [20, 20]), [], id="few-rows-few-in-training"),
        pytest.param(field("a", [40, 8], EVEN), [], id="too-few-rows"),
        pytest.param(field("a", [0, 0], EVEN), [], id="nobody-asks"),
        pytest.param(
            field("a", [30, 30, *[0] * 20], [*EVEN, *[0] * 20]), [], id="bins-empty-on-both-sides"
        ),
        pytest.param(field("a", [150, 150, 300], [*EVEN, 0]), [drifted(1)], id="unseen-values"),
        pytest.param(
            field("a", [250, 50], EVEN, more=',host="1"')
            + field("a", [250, 50], EVEN, more=',host="2"'),
            [drifted(1)],
            id="two-instances",
        ),
    ],
)
def test_drift(project: BakedProject, tmp_path: Path, series: list, expected: list) -> None:
    """Above the threshold, and above what chance explains."""
    ask(tmp_path, query(project, "Drift"), series, expected)


def test_another_endpoints_rows_are_not_counted(project: BakedProject, tmp_path: Path) -> None:
    """The canary's, above all: it is asked the same few cases again and again."""
    canary = json.loads(
        json.dumps(field("a", [500, 100], EVEN)).replace(
            "iris-classifier", "iris-classifier-canary"
        )
    )
    ask(tmp_path, query(project, "Drift"), canary, [])


@pytest.mark.parametrize(
    ("degraded", "fires"),
    [pytest.param(1.0, False, id="a-few"), pytest.param(90.0, True, id="many")],
)
def test_degraded_answers(
    project: BakedProject, tmp_path: Path, degraded: float, fires: bool
) -> None:
    """By their share of all rows."""
    asked = query(project, "Degraded").replace("[5m]", f"[{3 * EVERY_MINUTES}m]")
    series = [
        counter(f"model_rows_total{{{LABELS}}}", 1000),
        counter(f"model_degraded_total{{{LABELS}}}", degraded),
    ]
    ask(tmp_path, f"count({asked})", series, [{"labels": "{}", "value": 1}] if fires else [])


def test_a_question_is_as_long_as_cloudwatch_takes_it(project: BakedProject) -> None:
    """Ten thousand characters, and seven days at most."""
    assert len(query(project, "Drift")) < 10_000


def test_the_scraped_series_are_those_that_the_service_counts(project: BakedProject) -> None:
    """By the library's rules, which its tests hold against the running service."""
    folder = "vendor/modelserve/monitoring/prometheus/rules"
    rules = project.read(f"{folder}/observations.yaml")
    rules += project.read(f"{folder}/service.yaml")
    for name in (
        *("model_observations_total", "model_reference_observations"),
        *("model_degraded_total", "model_rows_total"),
    ):
        assert name in rules
        assert name in query(project, "Drift") + query(project, "Degraded")
