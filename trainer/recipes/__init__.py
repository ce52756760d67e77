"""Recipes: how models are trained, a file each."""
