"""One module per screen: ``load()`` reads its numbers, each method of the page is a piece of it."""
