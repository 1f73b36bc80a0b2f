"""The H02 profile."""
