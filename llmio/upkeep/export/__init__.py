"""A group as a file: JSON lines that can be imported again, CSV for spreadsheets, HTML to read."""
