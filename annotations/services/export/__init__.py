"""Exports of studies: tables for researchers, and archives of these tables."""
