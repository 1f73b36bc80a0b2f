"""Groovy beside Python: a JVM that runs SiteWhere's scripts, and the ways to it."""
