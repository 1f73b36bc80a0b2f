"""A package of components with secrets, which only tests know."""
