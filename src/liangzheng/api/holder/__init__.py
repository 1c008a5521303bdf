"""What a driver's phone calls: account, face check, phone keys, applications, licence."""
