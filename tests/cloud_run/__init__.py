"""The deploy target Cloud Run: its commands, checked by Google's own command line."""
