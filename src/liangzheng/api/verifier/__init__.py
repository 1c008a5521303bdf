"""What an officer's or a company's device calls."""
