"""How the model runs: inline or in threads, by what is measured at the start."""
