"""Writing together: the hocuspocus protocol on pycrdt, documents kept in one SQLite file."""
