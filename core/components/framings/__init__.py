"""The catalogue's components of this kind, one file each."""
