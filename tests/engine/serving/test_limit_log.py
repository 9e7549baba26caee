"""Limits that are reached are logged at a bounded rate, and every time is counted."""

import asyncio

import pytest
from modelserve.serving.limit_log import LimitLog


def test_a_limit_is_logged_at_once_and_then_with_a_count(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        limits = LimitLog(interval_s=0.05)
        for _ in range(1_000):
            limits.count("predictions")
        limits.count("connections", 3)
        await asyncio.sleep(0.12)
        limits.count("predictions")
        await asyncio.sleep(0.07)

    asyncio.run(scenario())
    lines = [(vars(each)["limit"], vars(each)["times"]) for each in caplog.records]
    assert lines == [
        ("predictions", 1),
        ("connections", 3),
        ("predictions", 999),
        ("predictions", 1),
    ]
