"""The database: how it is reached, and the tables that the platform and the runner share."""
