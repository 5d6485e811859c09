"""Plain values that every floor shares: JSON values, secrets, times, identifiers."""
