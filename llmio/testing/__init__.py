"""What plugins and llmio itself test with: a pytest plugin, memory twins of the ports, contracts."""
