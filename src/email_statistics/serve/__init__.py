"""``email-stats serve``: the site in a browser, live.

``server`` listens and ``app`` has the routes; ``guard`` stands before every one of them: the host,
the session, who is signed in. ``site`` gives rendered pages, ``rendering`` makes those that a form
asks for. ``live`` has the pages that ask the warehouse themselves: Email Analytics, contacts,
segments. It reads the published file and changes nothing but exports and renderings.
"""
