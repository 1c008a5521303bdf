"""What anybody may read: start page, health, trust bundle."""
