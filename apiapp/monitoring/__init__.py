"""How this server is: every request measured, its parts watched."""
