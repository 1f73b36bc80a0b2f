"""Everything the Add Component list offers: one file a component."""
