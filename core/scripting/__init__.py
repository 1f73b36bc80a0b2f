"""What scripts meet: the events they make, the log they write to, how they are found and loaded."""
