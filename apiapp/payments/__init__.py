"""Payments: charges at a gateway, made once whatever happens, and followed to their end."""
