"""What report pages are made of: a page is a notebook that calls one helper a cell.

``build`` and ``period`` say what a page is about, ``performance`` asks the warehouse, ``metrics``
forms rates and verdicts from ``core.dim_metrics``, ``figures`` words one number, ``trend``,
``funnel`` and ``ranking`` arrange them, ``charts`` draws and ``components`` lays out. A module
named like a notebook of ``notebooks/reports`` puts its page together; ``page`` begins it. ``html``
turns the executed notebook into one offline file.
"""
