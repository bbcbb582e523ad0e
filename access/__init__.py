"""Who may see and change what: host names, origins, identities, roles and their record."""
