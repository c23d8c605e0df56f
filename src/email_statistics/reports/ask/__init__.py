"""What pages ask the warehouse: queries that are files, and the frames that answer them."""
