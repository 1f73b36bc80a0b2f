"""SiteWhere's JSON of device requests, as its 1.13 reads it."""
