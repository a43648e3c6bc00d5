"""A gateway to try payments with: speaks the protocol, moves no money.  Plain Python."""
