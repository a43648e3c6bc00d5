"""Shows a server what this machine shows."""
