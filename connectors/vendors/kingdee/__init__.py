"""金蝶云·星空 (Kingdee K3Cloud)."""
