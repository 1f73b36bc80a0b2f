"""Tidegate's engine: it listens, speaks the device's protocol, decodes, keeps and answers."""

VERSION = "0.1.0"
