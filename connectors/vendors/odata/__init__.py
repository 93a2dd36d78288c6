"""OData v2 and v4: any service, its entity sets declared per connection."""
