"""What is kept from people who read: results, names and strata."""
