"""Templates: the language, from text to a checked template, and the evaluation of its expressions. Pure."""
