"""Changes of rows by hand, and how they are taken back."""
