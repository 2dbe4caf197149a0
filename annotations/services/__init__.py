"""Services: the code that writes to the database.

They get the time from the caller and know nothing about HTTP.
"""
