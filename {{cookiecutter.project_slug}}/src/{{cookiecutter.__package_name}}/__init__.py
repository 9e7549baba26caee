"""What is yours of this service: its data, its model, and what it does besides the library."""
