"""Bytes: listening sockets, HTTP heads, bodies and answers."""
