"""What runs on SageMaker, as far as a machine without an account can run it."""
