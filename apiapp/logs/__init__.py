"""Log lines: what is in one, what is never in one, and where they go.  Plain Python."""
