"""Sign an artifact, and list what it was made of."""
