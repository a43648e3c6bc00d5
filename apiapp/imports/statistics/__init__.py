"""What is in a column: counts, extremes, frequent values and a histogram."""
