"""Deploy to a Kubernetes cluster."""
