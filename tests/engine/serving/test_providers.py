"""Execution providers run the graph as requested, or it is said that they do not."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, get_args

import numpy as np
import onnxruntime as ort
import pytest
from modelserve import Project, errors
from modelserve.artifact import Artifact
from modelserve.serving.execution.plan import choose
from modelserve.serving.runtime import PROVIDERS, BoundCall, OnnxModel
from modelserve.setting_types import Provider
from modelserve.settings import Settings
from modelserve.types import Tensors

FAMILIES = ("iris", "diabetes", "sentiment")

Figures = Callable[[str], Any]
Pretend = Callable[..., list[list[str]]]


class PretendedSession:
    """A session on the processor that says it runs on something else."""

    def __init__(self, session: ort.InferenceSession, active: list[str]) -> None:
        self._real, self._active = session, active

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get_providers(self) -> list[str]:
        """Return what it says."""
        return self._active


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Return a way to an ONNX Runtime with further providers.

    Those that are `broken` fail, and those that are `silent` are left out without a word. It
    returns the providers of each session that is asked for.
    """
    real = ort.InferenceSession

    def install(*names: str, broken: tuple[str, ...] = (), silent: tuple[str, ...] = ()) -> Any:
        asked: list[list[str]] = []

        def create(path: Any, options: Any, *, providers: list[str], enable_fallback: int) -> Any:
            asked.append(providers)
            if failing := [each for each in broken if PROVIDERS[each] in providers]:
                raise RuntimeError(f"no library\nfor {failing[0]}")
            left_out = {PROVIDERS[each] for each in silent}
            session = real(path, options, providers=["CPUExecutionProvider"])
            return PretendedSession(session, [each for each in providers if each not in left_out])

        available = [*(PROVIDERS[each] for each in names), "CPUExecutionProvider"]
        monkeypatch.setattr(ort, "get_available_providers", lambda: available)
        monkeypatch.setattr(ort, "InferenceSession", create)
        return asked

    return install


@pytest.fixture
def tensors(project: Project, make_settings: Callable[..., Settings]) -> Tensors:
    """Return the tensors of one row."""
    inputs = project.service_class(make_settings()).codec.inputs
    return inputs.gather([inputs.example()]).tensors


def test_settings_and_the_runtime_know_the_same_providers() -> None:
    assert set(get_args(Provider)) == PROVIDERS.keys()


@pytest.mark.parametrize(
    ("value", "expected"),
    [("cuda,cpu", ("cuda", "cpu")), (" TensorRT, CUDA ", ("tensorrt", "cuda")), ("", ("cpu",))],
)
def test_providers_are_listed_in_any_case(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PROVIDERS", value)
    assert Settings.load().providers == expected


def test_an_unknown_provider_is_refused_and_the_known_ones_are_listed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PROVIDERS", "gpu,cpu")
    with pytest.raises(errors.ConfigurationError, match=r"PROVIDERS='gpu': .*'cuda'") as caught:
        Settings.load()
    assert all(repr(each) in str(caught.value) for each in PROVIDERS)


@pytest.mark.parametrize("providers", [(), ("cpu",)])
def test_the_processor_is_the_default_and_binds_nothing(
    trained: Artifact, providers: tuple[str, ...]
) -> None:
    model = OnnxModel(trained.model, providers=providers)
    assert (model.providers, model.missing, model.on_device) == (("cpu",), {}, False)
    assert not isinstance(model._call, BoundCall)


def test_the_processor_is_always_last(trained: Artifact, pretend: Pretend) -> None:
    asked = pretend("tensorrt", "cuda")
    model = OnnxModel(trained.model, providers=("cpu", "tensorrt", "cuda"))
    assert model.providers == ("tensorrt", "cuda", "cpu")
    assert asked == [[PROVIDERS[each] for each in model.providers]]


@pytest.mark.parametrize(
    ("built", "kinds", "reason"),
    [
        pytest.param((), {}, "was built without it", id="not in this build"),
        pytest.param(("cuda",), {"silent": ("cuda",)}, "were not found", id="silent"),
        pytest.param(("cuda",), {"broken": ("cuda",)}, "no library for cuda", id="broken"),
    ],
)
def test_a_provider_that_does_not_run_is_named_with_its_reason(
    trained: Artifact,
    pretend: Pretend,
    tensors: Tensors,
    built: tuple[str, ...],
    kinds: dict[str, Any],
    reason: str,
) -> None:
    expected = OnnxModel(trained.model).run(tensors)
    pretend(*built, **kinds)
    model = OnnxModel(trained.model, providers=("cuda", "cpu"))
    assert model.providers == ("cpu",)
    assert list(model.missing) == ["cuda"]
    assert model.missing["cuda"].endswith(reason)
    np.testing.assert_array_equal(model.run(tensors), expected)


def test_the_next_provider_is_used_if_the_first_fails(trained: Artifact, pretend: Pretend) -> None:
    pretend("tensorrt", "cuda", broken=("tensorrt",))
    model = OnnxModel(trained.model, providers=("tensorrt", "cuda"))
    assert model.providers == ("cuda", "cpu")
    assert model.missing == {"tensorrt": "no library for tensorrt"}


def test_a_file_that_is_no_graph_is_refused_by_every_provider(
    tmp_path: Any, pretend: Pretend
) -> None:
    pretend("cuda")
    (tmp_path / "model.onnx").write_bytes(b"no graph")
    with pytest.raises(errors.ArtifactError, match=r"cannot load .*model\.onnx"):
        OnnxModel(tmp_path / "model.onnx", providers=("cuda",))


def test_a_model_on_a_device_answers_as_on_the_processor(
    trained: Artifact, pretend: Pretend, tensors: Tensors
) -> None:
    plain = OnnxModel(trained.model)
    pretend("cuda")
    model = OnnxModel(trained.model, providers=("cuda",))
    texts = any(each.datatype == "BYTES" for each in model.inputs)
    assert model.on_device
    assert isinstance(model._call, BoundCall) != texts
    for rows in (1, 3, 2):
        several = {name: np.repeat(array, rows, axis=0) for name, array in tensors.items()}
        np.testing.assert_array_equal(model.run(several), plain.run(several))


def test_rows_that_lie_apart_are_bound_by_their_values(
    project: Project,
    make_settings: Callable[..., Settings],
    trained: Artifact,
    pretend: Pretend,
    golden: list[dict[str, Any]],
) -> None:
    gathered = project.service_class(make_settings()).codec.inputs.gather(
        [case["input"] for case in golden]
    )
    apart = {name: array[::2] for name, array in gathered.tensors.items()}
    expected = OnnxModel(trained.model).run(apart)
    pretend("cuda")
    outputs = OnnxModel(trained.model, providers=("cuda",)).run(apart)
    np.testing.assert_array_equal(outputs, expected)


def test_an_input_that_is_not_given_is_not_the_last_requests(
    trained: Artifact, pretend: Pretend, tensors: Tensors
) -> None:
    pretend("cuda")
    model = OnnxModel(trained.model, providers=("cuda",))
    model.run(tensors)
    with pytest.raises(Exception, match=r"(?i)input"):
        model.run({})


def test_threads_get_their_own_answers(
    project: Project,
    make_settings: Callable[..., Settings],
    trained: Artifact,
    pretend: Pretend,
    golden: list[dict[str, Any]],
) -> None:
    inputs = project.service_class(make_settings()).codec.inputs
    plain = OnnxModel(trained.model)
    pretend("cuda")
    model = OnnxModel(trained.model, providers=("cuda",))
    rows = [case["input"] for case in golden]
    several = [inputs.gather(rows[i % 3 : i]).tensors for i in range(3, len(rows))] * 50
    with ThreadPoolExecutor(4) as pool:
        outputs = list(pool.map(model.run, several))
    for given, output in zip(several, outputs, strict=True):
        np.testing.assert_array_equal(output, plain.run(given))


def test_a_call_that_fails_leaves_nothing_for_the_next(
    trained: Artifact, pretend: Pretend, tensors: Tensors
) -> None:
    expected = OnnxModel(trained.model).run(tensors)
    pretend("cuda")
    model = OnnxModel(trained.model, providers=("cuda",))
    first, *others = tensors
    with pytest.raises(Exception, match=r"(?i)input|dimension|bound|rank"):
        model.run({first: np.zeros((1, 1, 1, 1), np.float32)} | {k: tensors[k] for k in others})
    np.testing.assert_array_equal(model.run(tensors), expected)


def test_a_provider_that_is_not_used_is_logged_once_and_counted(
    project: Project,
    make_settings: Callable[..., Settings],
    pretend: Pretend,
    caplog: pytest.LogCaptureFixture,
    figures: Figures,
) -> None:
    caplog.set_level(logging.INFO)
    pretend("tensorrt", silent=("tensorrt",))
    service = project.service_class(make_settings(providers=("tensorrt", "cuda", "cpu")))
    choose(service, service.codec)
    warnings = [each for each in caplog.records if each.levelno == logging.WARNING]
    assert [each.getMessage() for each in warnings] == ["execution provider not used"] * 2
    assert [vars(each)["provider"] for each in warnings] == ["tensorrt", "cuda"]
    assert [vars(each)["used"] for each in warnings] == ["cpu"] * 2
    exposed = figures(service.registry.expose().decode())
    counts = exposed.by("provider", "model_provider_fallbacks_total")
    assert counts == {"tensorrt": 1, "cuda": 1}


def test_a_provider_that_is_used_is_counted_as_such(
    project: Project,
    make_settings: Callable[..., Settings],
    pretend: Pretend,
    caplog: pytest.LogCaptureFixture,
    figures: Figures,
) -> None:
    pretend("cuda")
    service = project.service_class(make_settings(providers=("cuda",), batch_rows=2))
    _, plan = choose(service, service.codec)
    assert (plan.mode, plan.batching) == ("threads", True)
    assert not caplog.records
    exposed = figures(service.registry.expose().decode())
    assert exposed("model_provider_fallbacks_total", provider="cuda") == [0]


def test_processors_alone_have_no_metric(
    project: Project, make_settings: Callable[..., Settings]
) -> None:
    service = project.service_class(make_settings())
    choose(service, service.codec)
    assert b"provider" not in service.registry.expose()
