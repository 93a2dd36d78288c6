"""Mail: folders read over IMAP, notices sent over SMTP."""
