"""Asking those who hold a seat to agree again when guidelines changed in a way that matters."""
