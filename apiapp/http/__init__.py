"""What every endpoint has in common: bodies in and out, conditions, request ids, change."""
