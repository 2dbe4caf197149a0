"""Services: the only code that writes. They get the time from the caller and do not use HTTP."""
