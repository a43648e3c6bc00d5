"""What happened, as rows that are written with it, for whoever is to be told."""
