"""Circles: a site for peer integration circles."""
