"""Schema `public` as the reference has it, schema `llmio` with what is ours, and checks of both."""
