"""The mapping language: files are read, checked, compiled to Python, explained and tested. Pure."""
