"""Reading captured requests and answers."""
