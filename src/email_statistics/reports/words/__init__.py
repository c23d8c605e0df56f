"""Numbers, days, money and reasons in words; nothing here reads data or makes markup."""
