"""What the `:` line takes: a command's words are the command line's own."""
