"""Recipes: how an image is built. Read from YAML, named by digests, made into a template; pure but for reading."""
