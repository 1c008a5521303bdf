"""What registers that tell of their changes call."""
