"""Contract suites: what every plugin of a kind must do. A plugin's tests subclass them."""
