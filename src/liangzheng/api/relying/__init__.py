"""What a company's system calls."""
