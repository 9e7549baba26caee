"""Train a model and write its artifact: split, fit, export, parity, evaluation, reference, card."""
