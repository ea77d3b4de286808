"""The one error that a user is meant to read."""


class CourseError(Exception):
    """Something the user can mend: its text is one sentence that says what was wrong and what to do."""
