"""Deploy to an Amazon SageMaker endpoint."""
