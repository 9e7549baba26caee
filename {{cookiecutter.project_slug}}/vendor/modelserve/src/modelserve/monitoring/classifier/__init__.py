"""How a classifier is monitored."""
