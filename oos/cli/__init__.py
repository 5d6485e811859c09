"""The command line: asks the app, and shows what it answers."""
