"""What a component is: settings, slots, roles, and the registry that finds them."""
