"""The example endpoints, against ORM models, and each one's grown-up twin."""
