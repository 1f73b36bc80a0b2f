"""Real processes killed at random moments under load, and what must hold afterwards: `python -m tests.torture`."""
