"""Data quality of the hub: what is stored is judged by the entities' rules, and the figures are kept."""
