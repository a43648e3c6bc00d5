/** What every page has: the keys, and the live count of running jobs in the top bar. */
