"""Forms made from a component's declaration: nothing here knows any component by name."""
