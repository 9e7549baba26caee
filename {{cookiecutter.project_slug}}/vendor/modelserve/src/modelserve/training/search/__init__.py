"""Search hyper-parameters by cross-validation on the training rows."""
