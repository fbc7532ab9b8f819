"""Acts of upkeep, by what they are about."""
