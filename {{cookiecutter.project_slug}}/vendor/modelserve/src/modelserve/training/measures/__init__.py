"""The metrics of classifiers and regressors, and their confidence intervals."""
