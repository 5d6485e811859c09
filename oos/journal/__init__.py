"""The journal: the port that remembers, the bytes it keeps, and the chain that shows tampering."""
