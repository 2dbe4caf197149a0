"""Prevalence and readers' errors when nobody knows the truth: Dawid and Skene, and pooled."""
