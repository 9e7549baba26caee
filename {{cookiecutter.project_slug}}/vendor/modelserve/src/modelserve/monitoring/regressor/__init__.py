"""How a regressor is monitored."""
