"""Changes of a dataset's columns while its table is read."""
