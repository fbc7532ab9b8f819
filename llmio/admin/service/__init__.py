"""Acts of administrators, by what they are about; pages and commands share them. Each requires the right itself."""
