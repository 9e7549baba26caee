"""A model behind an HTTP service: trained, packed as an artifact, served, and watched."""
