"""The engine: the one place that acts. It asks the conductor, journals, and then carries out."""
