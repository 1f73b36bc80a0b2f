"""What flows through Tidegate: requests and the device events decoded from them."""
