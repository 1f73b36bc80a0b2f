"""Simulated devices that send frames over TCP and UDP, and check the answers."""
