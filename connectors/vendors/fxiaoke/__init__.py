"""纷享销客 (Fxiaoke, ShareCRM)."""
