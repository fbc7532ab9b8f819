"""Live: what changed reaches open pages, by Redis and Socket.IO."""
