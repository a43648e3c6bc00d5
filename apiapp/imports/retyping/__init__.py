"""The type of a column is changed, by a copy of its table in which it is of the other type."""
