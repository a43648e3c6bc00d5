"""Carries a screen from the process that has its pictures to others that have viewers of it."""
