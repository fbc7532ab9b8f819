"""Pages and fragments of polls."""
