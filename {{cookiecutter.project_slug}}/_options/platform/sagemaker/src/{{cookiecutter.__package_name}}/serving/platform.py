"""What the platform wants to be asked in a way of its own."""
