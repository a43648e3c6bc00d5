"""From what a publisher sends to pictures; nothing that is sent is believed before it is looked at."""
