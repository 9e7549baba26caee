"""Hot swap: another artifact is loaded and verified while the previous one answers requests."""
