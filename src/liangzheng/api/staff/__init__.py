"""What the consoles and terminals of police and staff call."""
