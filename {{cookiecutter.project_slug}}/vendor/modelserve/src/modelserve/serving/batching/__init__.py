"""Adaptive batching: requests that wait for a slow model are joined to one call."""
