"""Every SQL statement of relying: companies, consents, notices. Imported by relying alone."""
