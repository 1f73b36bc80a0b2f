"""The Wialon IPS profile."""
