"""The records that one comparison of production with training consists of."""
