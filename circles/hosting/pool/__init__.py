"""The pool of a circle for its hosts: a sentence, and whether community seats are tied to it."""
