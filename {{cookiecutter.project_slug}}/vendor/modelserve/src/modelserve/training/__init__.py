"""Making an artifact: data, fit, evaluation, export, parity, reference, card."""
