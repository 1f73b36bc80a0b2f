"""Scripts to begin with: each file here is one, as an operator gets it, and imports nothing of Tidegate."""
