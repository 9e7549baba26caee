"""What platforms are given to predict for many rows: by their own clients and schemas, offline."""
