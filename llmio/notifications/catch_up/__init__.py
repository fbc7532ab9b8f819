"""The summary of what a person has not read, sent at six in the morning of their own clock on the days they chose."""
