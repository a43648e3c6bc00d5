"""Fast lanes: DuckDB reads and checks a delimited file beside its load, in a process of its own.

A lane takes what is written canonically, which is nearly everything in a clean file, and gives all
other rows, as text, to whoever started it, for check.py to judge.  What it cannot read exactly as
readers.py does, it does not read: it doubts, and the file is loaded in Python from its start.
"""
