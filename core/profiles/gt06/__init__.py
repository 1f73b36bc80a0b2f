"""The GT06 profile."""
