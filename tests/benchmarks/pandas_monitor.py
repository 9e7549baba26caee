"""The comparison that the monitoring job makes, as one would write it with pandas: in plain words.

python pandas_monitor.py CAPTURES MODEL
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency


def read(path):
    """Return a file's inputs and outputs as two tables."""
    asked, answered = [], []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            captured = json.loads(line)["captureData"]
            asked += json.loads(captured["endpointInput"]["data"])["instances"]
            answered += json.loads(captured["endpointOutput"]["data"])["predictions"]
    outputs = pd.DataFrame(
        {
            "label": [each["label"] for each in answered],
            "confidence": [max(each["probabilities"].values()) for each in answered],
        }
    )
    return pd.DataFrame(asked, dtype=np.float32), outputs


def count(values, shape):
    """Return how many values fall into each bin of training."""
    if "edges" in shape:
        bins = pd.cut(values, [-np.inf, *shape["edges"], np.inf])
        return bins.value_counts(sort=False).to_numpy()
    return values.value_counts().reindex(shape["categories"], fill_value=0).to_numpy()


def main():
    """Print each field's distance from training."""
    captures, model = map(Path, sys.argv[1:])
    reference = json.loads((model / "reference.json").read_text(encoding="utf-8"))
    shapes = reference["inputs"] | reference["outputs"]
    counts = {name: np.zeros(len(shape["counts"]), dtype=int) for name, shape in shapes.items()}
    rows = 0
    for path in sorted(captures.rglob("*.jsonl")):
        inputs, outputs = read(path)
        rows += len(inputs)
        for table in (inputs, outputs):
            for name, column in table.items():
                counts[name] += count(column, shapes[name])
    print(f"{rows} rows")
    for name, observed in counts.items():
        before = np.array(shapes[name]["counts"])
        p, q = (before + 0.5) / before.sum(), (observed + 0.5) / observed.sum()
        filled = np.array([before, observed])[:, before + observed > 0]
        print(
            f"{name:<20}PSI {((q - p) * np.log(q / p)).sum():.4f}",
            f"p {chi2_contingency(filled).pvalue:.4f}",
        )


if __name__ == "__main__":
    main()
