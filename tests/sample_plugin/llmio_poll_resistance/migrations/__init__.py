"""Migrations of the plugin's own table."""
