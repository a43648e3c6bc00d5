"""Who changed what: in the admin and by the API, in rows that nobody changes, and in the log."""
