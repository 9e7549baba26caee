"""Compares production with training: drift, confidence, performance and fairness."""
