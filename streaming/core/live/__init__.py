"""One screen as it is watched in this process: captured once, encoded once per codec and tier."""
