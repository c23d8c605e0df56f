"""What a command ends with: one clear sentence and an exit code."""


class EmailStatsError(RuntimeError):
    """A check, a model or a report failed; the text is one sentence: what, where, what to do."""

    exit_code = 1


class UsageError(EmailStatsError):
    """Wrong usage or settings; the text is one sentence: what, where, what to do."""

    exit_code = 2
