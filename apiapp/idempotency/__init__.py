"""Requests that create may be sent again: the answer of the first one is kept and given again."""
