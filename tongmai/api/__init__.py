"""The REST API: golden records for business systems and stewards, each token seeing what its scope allows."""
