"""Tables of the search provider `postgres`."""
