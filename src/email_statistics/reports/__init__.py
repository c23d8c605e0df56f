"""What report pages are made of: a page is a notebook that calls one method a cell.

``words`` says numbers, days and reasons in English. ``pieces`` are the parts of a page: each has
its class, template and style side by side. ``ask`` runs the queries of ``queries/<page>/*.sql`` and
returns frames. ``pages`` has one module per screen, named like its notebook. ``run`` executes
notebooks and keeps what they made. Each room uses those named before it, and ``run`` knows pages
by their names only.
"""
