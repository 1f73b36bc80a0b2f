"""The Teltonika profile."""
