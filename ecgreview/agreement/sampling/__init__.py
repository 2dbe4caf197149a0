"""The same study once more: replicates of the counts."""
