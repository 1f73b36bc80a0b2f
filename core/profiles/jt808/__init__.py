"""The JT/T 808 profile."""
