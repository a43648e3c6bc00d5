"""Rows by their position in an order, for grids that scroll and jump."""
