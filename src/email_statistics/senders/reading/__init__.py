"""Files of any form, cut into the texts of single JSON documents, a bounded chunk at a time."""
