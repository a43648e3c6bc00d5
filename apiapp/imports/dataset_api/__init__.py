"""Datasets over REST: with whom they are shared, their rows, and what describes them."""
