"""No deploy target: fetch captures for monitoring from an archive."""
