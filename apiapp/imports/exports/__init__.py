"""Datasets as files: CSV, JSON Lines, Excel and Parquet, made while they are sent."""
