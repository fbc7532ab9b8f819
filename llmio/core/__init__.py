"""The ground: imports nothing of llmio but itself."""
