"""The device simulator behind `tidegate send` and `tidegate demo`."""
