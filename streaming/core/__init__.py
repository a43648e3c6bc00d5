"""The way of a frame, in plain Python: capture, compare, encode, hand out.  No Django in here."""
