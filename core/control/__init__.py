"""The seam between engine and console: messages and client of the control protocol."""
