"""Mappings: the language (``language``) and the files (``definitions``)."""
