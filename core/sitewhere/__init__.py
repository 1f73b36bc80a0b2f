"""SiteWhere 1.x tenant configurations, read and carried over: XML in, tenant.toml and a report out."""
