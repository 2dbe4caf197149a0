"""Pages about predictions of embargoed labels: teams, attempts and scores."""
