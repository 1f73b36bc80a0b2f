"""The process behind one event source: accept, interact, decode, commit, answer."""
