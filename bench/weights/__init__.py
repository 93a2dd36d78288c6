"""Weights of people, contacts and products: made from generated records, and measured on others."""
