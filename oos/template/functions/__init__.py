"""Functions of the language: one file a family, one table of all (`table.FUNCTIONS`)."""
