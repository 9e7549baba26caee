"""Train an artifact again from its manifest, and compare the two."""
