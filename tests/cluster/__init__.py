"""The Kubernetes target: its manifests, and its rollout against a cluster that is played."""
