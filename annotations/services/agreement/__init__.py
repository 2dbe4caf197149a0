"""Agreement reports: computed from pattern counts, stored in versions, explained on pages."""
