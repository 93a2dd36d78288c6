"""The contract suite: rules that every connector has to keep, each proved against its simulator."""
