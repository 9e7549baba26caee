"""Repeated rows are dropped before the split: the same flower does not train and test."""

from importlib import import_module
from typing import Any

import pandas as pd


def test_each_row_is_kept_once(project: Any) -> None:
    cleaning = import_module(f"{project.package}.cleaning")
    frame = pd.DataFrame({"a": [1, 2, 1], "b": [3, 3, 3]})
    assert cleaning.drop_repeated(frame).to_dict("list") == {"a": [1, 2], "b": [3, 3]}


def test_the_model_is_trained_without_repeated_rows(project: Any, training_config: Any) -> None:
    rows = project.load(training_config.data).rows
    assert len(rows) == 149
