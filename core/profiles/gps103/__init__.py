"""The GPS103 profile."""
