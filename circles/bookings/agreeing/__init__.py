"""Agreeing again: members with a seat are asked to agree when guidelines changed in a way that matters."""
