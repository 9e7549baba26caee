"""Evidence about a model: slices, calibration, fairness, robustness, baselines, and its data."""
