"""Read the files of `[data]` into one data frame."""
