"""The routes and formats that SageMaker asks of a container."""
