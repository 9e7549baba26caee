"""The bucket bounds of the service's histograms, in seconds; Prometheus' rules name some."""

REQUEST_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
MODEL_SECONDS = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, *REQUEST_SECONDS[1:])
