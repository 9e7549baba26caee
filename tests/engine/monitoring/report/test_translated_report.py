"""The report in another language: each sentence, each figure, and nothing of the result."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from html import unescape

import numpy as np
import pytest
from modelserve.manifest import Feature, Manifest
from modelserve.monitoring import uncertain, violations
from modelserve.monitoring.config import MonitoringConfig
from modelserve.monitoring.report.names import COMPUTED
from modelserve.monitoring.report.page import render
from modelserve.monitoring.report.wording import Wording
from modelserve.monitoring.results.captures import LineError
from modelserve.monitoring.results.drift import FieldDrift, Verdict
from modelserve.monitoring.results.fairness import Fairness, FairnessGap
from modelserve.monitoring.results.performance import LabelMetrics, Metric
from modelserve.monitoring.results.result import MonitoringResult, Violation
from modelserve.tokens import observe
from modelserve.translation import Catalogue, load_catalogue

from tests.engine.catalogue_sources import DESCRIPTIONS, report_sentences, sample_sentences

PORTUGUESE = load_catalogue("pt-BR")
MakeDrift = Callable[..., FieldDrift]
# What the report shows as the result, the manifest or SageMaker has it.
DATA = {
    *("age", "length", "width", "depth", "iris", "a.jsonl"),
    *("setosa", "virginica", "north", "south", "unstated", "no JSON", "UTC"),
    *("data/iris.csv", "0123456789ab", "Tells irises apart.", "it has moved", "another is given"),
    "it is less sure",
    *("it has fallen", "south is served worse", "the fallback had to answer"),
}


@pytest.fixture(params=["ok", "violated", "regression", "of_texts"])
def result(request: pytest.FixtureRequest) -> MonitoringResult:
    """Return each of the results in turn."""
    made: MonitoringResult = request.getfixturevalue(request.param)
    return made


@pytest.fixture
def of_texts(violated: MonitoringResult, make_drift: MakeDrift) -> MonitoringResult:
    """Return the result of a classifier of texts, with a field of each name that is computed."""
    bad, outputs = Verdict.VIOLATION, ("label", "confidence")
    kinds = [(each, "output" if each in outputs else "input") for each in COMPUTED]
    drifts = [make_drift(name, bad, kind) for name, kind in kinds if name != "value"]
    window = [make_drift("value", Verdict.TOO_FEW, "output")]
    found = [
        Violation(each.field, "baseline_drift_check", "it has moved", f"{kind}-drift")
        for each, kind in zip(drifts, ["input"] * 4 + ["prediction"] * 2, strict=True)
    ]
    captures = replace(violated.captures, unread={"tokens": 4})
    timeline = tuple(
        replace(violated.timeline[0], name=each.field, kind=each.kind) for each in drifts
    )
    return replace(
        violated,
        fields=(*drifts, *window),
        violations=tuple(found),
        timeline=timeline,
        captures=captures,
    )


def marked() -> Catalogue:
    """Return a catalogue whose translations are the sentences in brackets."""
    return Catalogue("pt-BR", {each: f"⟦{each}⟧" for each in report_sentences()})


def texts(page: str) -> str:
    """Return all that a reader, or a screen reader, gets of a page."""
    page = re.sub("<style>.*?</style>", " ", page, flags=re.S)
    labels = " ".join(re.findall(r'aria-label="([^"]*)"', page))
    return unescape(re.sub("<[^>]*>", " ", page) + " " + unescape(labels))


def test_every_sentence_comes_from_the_catalogue(
    result: MonitoringResult, manifest: Manifest
) -> None:
    text = texts(render(result, manifest, catalogue=marked()))
    while re.search("⟦[^⟦⟧]*⟧", text):
        text = re.sub("⟦[^⟦⟧]*⟧", " ", text)
    text = re.sub(r"vendor/modelserve/docs/runbooks/[\w-]+\.md", " ", text)
    for word in sorted(DATA, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", " ", text)
    assert re.findall(r"[^\W\d_]{2,}.*", text) == []


def test_the_page_names_its_language(ok: MonitoringResult, manifest: Manifest) -> None:
    assert '<html lang="pt-BR">' in render(ok, manifest, catalogue=PORTUGUESE)
    assert '<html lang="en">' in render(ok, manifest)


def test_the_report_reads_as_portuguese(violated: MonitoringResult, manifest: Manifest) -> None:
    text = " ".join(texts(render(violated, manifest, catalogue=PORTUGUESE)).split())
    for sentence in (
        "iris em produção Relatório de monitoramento da versão 0.1.0 , gerado em 22/11/2026, 10:00",
        "Limites ultrapassados: depth , rótulo , confiança média , acurácia , equalized odds e",
        "proporção de linhas do fallback : the fallback had to answer",
        "100 linhas entre 14/11/2026, 10:00 UTC e 21/11/2026, 10:00 UTC",
        "3 linhas não puderam ser lidas.",
        "33 registros de outras versões: 0.0.9 (33)",
        "PSI 0,789 ▲ violação",
        "depth: acima de 2,5: 20,0% no treino, 60,0% em produção",
        "acurácia ▲ violação 0,7000 0,5500 a 0,8300 0,9500 0,8550 abaixo de 0,001",
    ):
        assert sentence in text


def test_a_computed_name_is_translated_and_a_columns_is_not(
    of_texts: MonitoringResult, manifest: Manifest
) -> None:
    page = " ".join(texts(render(of_texts, manifest, catalogue=PORTUGUESE)).split())
    assert "proporção de tokens desconhecidos" in page
    assert "unknown" not in page
    column = Feature(name="tokens", dtype="number", minimum=1, maximum=9, example=2)
    table = manifest.model_copy(update={"features": (column,)})
    assert " tokens ▲" in " ".join(texts(render(of_texts, table, catalogue=marked())).split())
    assert "unknown_share" in render(of_texts, manifest)


def test_the_computed_names_are_those_of_texts_and_predictions() -> None:
    observed = observe([3], [np.array([1, 2])], None)
    assert set(COMPUTED) == {*observed, "label", "confidence", "value"}


def test_a_samples_description_is_translated(ok: MonitoringResult, manifest: Manifest) -> None:
    for description in sample_sentences():
        described = manifest.model_copy(update={"description": description})
        text = texts(render(ok, described, catalogue=PORTUGUESE))
        assert PORTUGUESE.sentences[description] in text
        assert description not in text


def test_what_is_wrong_with_a_line_is_translated(
    violated: MonitoringResult, manifest: Manifest
) -> None:
    detail = "is not JSON: expected value at line 1 column 1"
    captures = replace(violated.captures, line_errors=(LineError("a.jsonl", 17, detail),))
    page = render(replace(violated, captures=captures), manifest, catalogue=PORTUGUESE)
    assert "não é JSON: falta um valor na linha 1, coluna 1" in texts(page)


def test_every_count_has_thousands_separators(
    violated: MonitoringResult, make_drift: MakeDrift, manifest: Manifest
) -> None:
    chance = {"psi": 0.3, "psi_critical": 0.4, "bound": 0.25}
    drifts = tuple(make_drift(f"f{i}", **chance) for i in range(1_010))
    many = [
        Violation(f"f{i}", "baseline_drift_check", "moved", "input-drift") for i in range(1_300)
    ]
    versions = {f"0.0.{i}": 1 for i in range(1_205)}
    captures = replace(violated.captures, versions=versions)
    result = replace(violated, fields=drifts, violations=tuple(many), captures=captures)
    text = " ".join(texts(render(result, manifest, catalogue=PORTUGUESE)).split())
    for words in ("e mais 1.295", "1.292 a mais", "E mais 1.003.", "e mais 1.200"):
        assert words in text


def test_a_large_figure_is_the_same_in_the_summary_and_in_its_table(
    regression: MonitoringResult, manifest: Manifest
) -> None:
    assert regression.performance
    error = Metric("mae", 935_469.3, 812_004.6, 893_205.1, 0.0001, Verdict.VIOLATION)
    performance = replace(regression.performance, metrics=(error,))
    found = tuple(violations.of_performance(performance))
    result = replace(regression, performance=performance, violations=found)
    text = texts(render(result, manifest, catalogue=PORTUGUESE))
    assert text.count("935.469") == 2
    assert text.count("812.005") == 2
    assert text.count("893.205") == 2


def test_a_preposition_and_an_article_are_contracted(
    result: MonitoringResult, manifest: Manifest
) -> None:
    window = replace(result.window, since=None, until=None)
    page = render(replace(result, window=window), manifest, catalogue=PORTUGUESE)
    text = " ".join(texts(page).split())
    assert "Janela: desde o primeiro registro até o último registro." in text
    # But not before the subject of an infinitive.
    assert not re.search(r"\b(?:de|em|por) [oa]s? (?!\w+ \w+[aei]r\b)", text)


def examples(result: MonitoringResult, config: MonitoringConfig) -> Iterator[str]:
    """Yield the description of every kind of violation, and of every figure that may be chance."""
    performance = result.performance
    for degraded in (2, 60):
        captures = replace(result.captures, degraded=degraded)
        yield from texts_of(violations.of_degraded(captures, result.window, config))
    for drift in result.fields:
        yield from texts_of(violations.of_field(drift, config))
    yield from texts_of(violations.of_confidence(result.confidence))
    yield from texts_of(violations.of_performance(performance))
    yield from texts_of(violations.of_recall(performance))
    yield from texts_of(violations.of_fairness(result.fairness))
    yield from texts_of(uncertain.uncertain_figures(result))


def texts_of(figures: Iterable[violations.Violation | uncertain.UncertainFigure]) -> Iterator[str]:
    """Yield the descriptions of figures."""
    return (each.description for each in figures)


@pytest.fixture
def every_kind(violated: MonitoringResult, make_drift: MakeDrift) -> MonitoringResult:
    """Return a result with every kind of violation, and every kind of figure that may be chance."""
    bad, ok = Verdict.VIOLATION, Verdict.OK
    assert violated.performance
    performance = replace(
        violated.performance,
        metrics=(
            Metric("accuracy", 0.7, 0.95, 0.855, 0.0004, bad, (0.55, 0.83)),
            Metric("mae", 50.5, 44.1, 48.5, 0.0004, bad),
            Metric("accuracy", 0.8, 0.95, 0.855, 0.3, ok, (0.7, 0.9)),
            Metric("accuracy", 0.9, 0.95, 0.855, 0.9, ok, (0.8, 0.99)),
        ),
        labels=(
            LabelMetrics("setosa", 41, 30, 10, 0.9, 0.81, 0.0, bad, (0.2, 0.5)),
            LabelMetrics("virginica", 41, 300, 210, 1.0, 0.9, 0.02, ok, (0.62, 0.77), 17),
        ),
    )
    gaps = tuple(
        FairnessGap("equalised_odds", 0.31, 0.2, label, "south", "north", 0.0003, verdict)
        for label, verdict in (("setosa", bad), (None, bad), ("setosa", ok))
    )
    chance = make_drift("width", psi=0.3, psi_critical=0.4, bound=0.25)
    return replace(
        violated,
        fields=(*violated.fields, chance),
        performance=performance,
        fairness=Fairness((), gaps),
    )


def test_every_description_has_a_sentence_and_every_sentence_a_description(
    every_kind: MonitoringResult, bounds: MonitoringConfig
) -> None:
    numbers = Catalogue("pt-BR", {each: str(i) for i, each in enumerate(DESCRIPTIONS)})
    actual = [numbers.message(each) for each in examples(every_kind, bounds)]
    assert {*actual} == {str(i) for i in range(len(DESCRIPTIONS))}


def test_a_description_keeps_its_figures_in_portuguese(
    every_kind: MonitoringResult, bounds: MonitoringConfig
) -> None:
    wording = Wording(PORTUGUESE)
    actual = {wording.message(each) for each in examples(every_kind, bounds)}
    assert (
        "0,7 (0,55 a 0,83) em 60 linhas com ground truth; no treino era 0,95, e o limite é 0,855"
        in actual
    )
    assert "0,310 para o rótulo setosa entre south e north; o limite é 0,2" in actual
