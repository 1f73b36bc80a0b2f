"""What is kept in a home beside the journal: tenants' configurations, staged changes, scripts and history."""
