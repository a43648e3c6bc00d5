"""From pictures to bytes that are sent to viewers as they are."""
