"""The deploy target Cloud Run: what Google is told, checked by Google's own command line."""
