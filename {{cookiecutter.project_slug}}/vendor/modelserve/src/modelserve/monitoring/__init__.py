"""What production looks like beside what training has seen."""
