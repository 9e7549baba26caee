"""The service as it captures: the layout that SageMaker has, and figures that agree with it."""

import asyncio
import calendar
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from modelserve.serving.app import wrap
from modelserve.serving.rotating_writer import REASONS

TYPE = {"content-type": "application/json; charset=utf-8"}
Ask = Callable[..., Awaitable[Any]]
MakeComponents = Callable[..., Any]


def figures(components: Any) -> dict[str, float | None]:
    """Return how many records are kept, and how many dropped for which reason."""
    count = components.registry.registry.get_sample_value
    ours = {"model": components.manifest.name, "version": components.manifest.version}
    dropped = {each: count("capture_dropped_total", ours | {"reason": each}) for each in REASONS}
    return {"kept": count("capture_records_total", ours)} | dropped


def test_a_record_lies_below_the_model_and_the_hour(
    make_components: MakeComponents, ask: Ask, tmp_path: Path, body: bytes
) -> None:
    components = make_components(capture_dir=tmp_path)
    before = int(time.time())
    reply = asyncio.run(ask(wrap(components), "POST", "/predict", body, headers=TYPE))
    after = time.time()
    components.log_queue.close()

    (path,) = tmp_path.rglob("*.jsonl")
    (record,) = map(json.loads, path.read_bytes().splitlines())
    parts, about = record["captureData"], record["eventMetadata"]
    asked_at = time.strptime(about["inferenceTime"], "%Y-%m-%dT%H:%M:%SZ")
    hour = time.strftime("%Y/%m/%d/%H", asked_at)
    assert path.parent == tmp_path / components.manifest.name / "AllTraffic" / hour
    assert before <= calendar.timegm(asked_at) <= after
    assert parts["endpointInput"]["data"].encode() == body
    assert parts["endpointOutput"]["data"].encode() == reply.body
    assert about["eventId"] == about["inferenceId"] == reply.json()["inference_id"]


def test_both_ways_to_ask_are_captured_and_what_is_refused_is_not(
    make_components: MakeComponents,
    ask: Ask,
    tmp_path: Path,
    golden: list[dict[str, Any]],
    tensors: Callable[..., Any],
) -> None:
    components = make_components(capture_dir=tmp_path, capture_variant="canary-1")
    app = wrap(components)
    infer, _ = components.oip.infer_paths()
    sent = [("/predict", {"instances": [case["input"]]}) for case in golden]
    sent += [(infer, tensors(case["input"])) for case in golden]
    bodies = [json.dumps(content, indent=1).encode() for _, content in sent]

    async def ask_all() -> list[Any]:
        answers = [await ask(app, "POST", path, b"{}") for path in ("/predict", infer)]
        for (path, _), each in zip(sent, bodies, strict=True):
            answers.append(await ask(app, "POST", path, each))
        return answers

    one, other, *answers = asyncio.run(ask_all())
    components.log_queue.close()
    paths = sorted((tmp_path / components.manifest.name / "canary-1").rglob("*.jsonl"))
    lines = [line for path in paths for line in path.read_bytes().splitlines()]
    parts = [json.loads(line)["captureData"] for line in lines]
    kept = [
        (each["endpointInput"]["data"].encode(), each["endpointOutput"]["data"].encode())
        for each in parts
    ]
    assert (one.status, other.status) == (422, 400)
    assert kept == list(zip(bodies, [each.body for each in answers], strict=True))
    assert figures(components) == {"kept": len(sent)} | dict.fromkeys(REASONS, 0)


def test_a_disk_in_trouble_fails_no_request_and_is_counted(
    make_components: MakeComponents, ask: Ask, tmp_path: Path, body: bytes
) -> None:
    in_the_way = tmp_path / "captures"
    components = make_components(capture_dir=in_the_way, capture_queue_records=3)
    in_the_way.write_text("a file", encoding="utf-8")
    app = wrap(components)

    async def ask_all() -> list[int]:
        return [(await ask(app, "POST", "/predict", body)).status for _ in range(70)]

    assert asyncio.run(ask_all()) == [200] * 70
    components.log_queue.close()
    counts = figures(components)
    assert counts["kept"] == counts["lost"] == 0
    assert counts["queue-full"] + counts["disk"] == 70


def test_without_a_folder_nothing_is_captured_and_the_figures_stand_at_nought(
    make_components: MakeComponents, ask: Ask, tmp_path: Path, body: bytes, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    components = make_components()
    asyncio.run(ask(wrap(components), "POST", "/predict", body))
    components.log_queue.close()
    assert not list(tmp_path.iterdir())
    assert figures(components) == dict.fromkeys(("kept", *REASONS), 0)
