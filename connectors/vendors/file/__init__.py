"""CSV and JSONL files in a folder."""
