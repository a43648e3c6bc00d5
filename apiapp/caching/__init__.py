"""What is read often, kept in tiers: in this process, in Redis where there is one, in the database."""
