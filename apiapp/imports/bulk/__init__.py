"""Many rows written at once, all of them or none: added, merged by a key, changed or deleted."""
