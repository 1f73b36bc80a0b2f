"""The console's screens: each a file with its .tcss beside it."""
